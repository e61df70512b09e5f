from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from normlab.cli import app
from normlab.client import Client

Run = Callable[..., Result]


@pytest.fixture
def run(client: Client) -> Run:
    """Runs a command with the service of the tests."""

    def run(*arguments: str, **options: object) -> Result:
        return CliRunner(env={"NORMLAB_URL": client.base_url}).invoke(app, arguments, **options)

    return run
