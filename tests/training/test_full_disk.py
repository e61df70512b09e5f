"""What an exporter says when there is no room, on a limit of the file size that is real for every one of them."""

import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from normlab.spec import JobSpec, plan_job
from normlab.spec.export_formats import FORMATS, ArtifactKind
from normlab.training.export.export import export, export_format
from normlab.training.export.serving_function import TrainedNetwork
from normlab.training.layers.network import build_serving_network


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Whatever writes more gets EFBIG; Python ignores the signal that comes with it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("kind", FORMATS)
def test_each_exporter_under_a_limit_of_the_file_size(
    kind: ArtifactKind, small_spec: Callable[..., JobSpec], tmp_path: Path
) -> None:
    plan = plan_job(small_spec([{"type": "flatten"}]))
    trained = TrainedNetwork(plan, build_serving_network(plan, 16), 16)
    with largest_file(1024), pytest.raises(OSError, match="No space left") as raised:
        export_format(kind, trained, tmp_path)
    assert raised.value.errno == errno.ENOSPC


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
@pytest.mark.parametrize(
    "make", [lambda code: OSError(code, "no room"), lambda code: RuntimeError(os.strerror(code))]
)
def test_each_way_to_say_it(code: int, make: Callable[[int], Exception], tmp_path: Path) -> None:
    def write(_path: Path) -> None:
        raise make(code)

    with pytest.raises(OSError, match="No space left"):
        export(ArtifactKind.ONNX, tmp_path, write)
