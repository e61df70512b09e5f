"""``normlab diagnose`` and the charts that it writes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from normlab.client import Client

pytestmark = pytest.mark.xdist_group("service")
Run = Callable[..., Result]
SPEC = {"dataset": "digits", "training": {"epochs": 1}}


@pytest.fixture(scope="module")
def measured(client: Client) -> str:
    """The id of a job of which one chart can be drawn."""
    return client.wait(client.submit("baseline", **SPEC, probes=["rank"]).id, timeout_seconds=120).id


def test_charts_are_written_into_a_folder(run: Run, measured: str, tmp_path: Path) -> None:
    for _ in range(2):  # the second time over the first
        result = run("diagnose", measured, "--charts", str(tmp_path / "new" / "charts"))
        assert result.exit_code == 0, result.output
        assert [path.name for path in (tmp_path / "new" / "charts").iterdir()] == ["rank.png"]


def test_charts_where_no_folder_can_be_are_an_error_in_words(run: Run, measured: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        result = run("diagnose", measured, "--charts", str(folder))
        assert result.exit_code == 1
        assert "Errno" not in result.stderr
        assert f"No charts can be written into {folder}: " in result.stderr
    assert (tmp_path / "file").read_text() == "mine"


def test_a_job_without_measurements_has_no_charts_and_says_so(
    run: Run, client: Client, tmp_path: Path
) -> None:
    job = client.wait(client.submit("baseline", **SPEC, probes="off").id, timeout_seconds=120).id
    result = run("diagnose", job, "--charts", str(tmp_path / "charts"))
    assert result.exit_code == 0, result.output
    assert "Nothing can be drawn" in result.stderr
    assert not (tmp_path / "charts").exists()
