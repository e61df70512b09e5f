import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.up import Up, end


@pytest.fixture
def start_up() -> Iterator[Callable[..., Up]]:
    with contextlib.ExitStack() as stack:

        def start(data: Path, *options: str, cwd: Path | None = None) -> Up:
            up = Up(data, *options, cwd=cwd)
            stack.callback(end, up)
            return up

        yield start
