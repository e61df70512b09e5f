import signal
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from PIL import Image
from typer.testing import CliRunner

from normlab.cli import app
from normlab.client import Client
from normlab.documents.states import JobState
from normlab.errors import SetupError
from normlab.local.listener import listen
from normlab.local.service import LocalService
from support.up import Up

ODD = "my%20data? #1 [größer]::a%2Fb; {owner} $HOME"
"""A folder's name in which URLs, shells, markup and fsspec would see something of theirs."""


def run(url: str, *arguments: str) -> str:
    """A command of the README, and what it wrote to stdout."""
    result = CliRunner(env={"NORMLAB_URL": url}).invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.nightly
def test_the_first_steps_in_a_folder_of_an_odd_name(start_up: Callable[..., Up], tmp_path: Path) -> None:
    (tmp_path / "worker.py").write_text("raise SystemExit('a file of the same name, not the worker')")
    data = tmp_path / ODD
    first = start_up(data, cwd=tmp_path)
    url = first.wait_until_ready()
    for name in ("redis", "worker"):
        first.kill_and_wait_for_another(name)
    job = run(url, "submit", "baseline", "--dataset", "digits", "--epochs", "2", "--watch").strip()
    Image.new("L", (8, 8)).save(tmp_path / "shoe.png")
    assert " % " in run(url, "predict", job, str(tmp_path / "shoe.png"))
    first.look()
    first.popen.send_signal(signal.SIGTERM)
    code, said = first.finish()
    assert (code, first.left()) == (0, []), said
    assert said.splitlines()[1:] == [
        f"So that other commands find it: export NORMLAB_URL={url}",
        "The redis process ended (SIGKILL) and is started again.",
        "The worker process ended (SIGKILL) and is started again.",
        "Stopping: running jobs go back to the queue. Press Ctrl-C again to stop at once.",
    ]

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([ODD, "shoe.png", "worker.py"])
    assert {"normlab.db", "artifacts", "logs", "redis"} < {path.name for path in data.iterdir()}
    for path in (data, *data.rglob("*")):  # nobody else on this machine can read any of it
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path

    second = start_up(data, "--verbose")
    with Client(second.wait_until_ready()) as client:
        assert client.job(job).state is JobState.SUCCEEDED
        assert len(client.metrics(job).epochs) == 2
    for _ in range(3):
        second.kill_and_wait_for_another("api")
    second.wait_for("api").kill()
    code, said = second.finish()
    assert (code, second.left()) == (1, [])
    assert "       api | INFO:     Application startup complete." in said
    assert "Error: The api process ended 4 times within a minute (SIGKILL), so the service ends." in said
    assert f"{data}/logs/api.log; the last lines:\n" in said


def test_a_second_one_is_refused_and_a_second_signal_ends_it_at_once(
    start_up: Callable[..., Up], tmp_path: Path
) -> None:
    up = start_up(tmp_path / "data")
    url = up.wait_until_ready()
    with pytest.raises(SetupError) as refused:
        LocalService(tmp_path / "data").start()
    assert str(refused.value) == (
        f"The data folder {tmp_path}/data is in use by process {up.popen.pid}, which serves {url}. "
        "End that one, or choose another folder."
    )
    port = int(url.rpartition(":")[2])
    with pytest.raises(
        SetupError, match=rf"^Port {port} of 127\.0\.0\.1 is in use\. Choose another one, or 0"
    ):
        LocalService(tmp_path / "other", port=port).start()

    up.wait_for("worker").suspend()
    up.popen.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert up.popen.poll() is None, "it waits for the worker, which hangs"
    began = time.monotonic()
    up.popen.send_signal(signal.SIGINT)
    code, _ = up.finish()
    assert (code, up.left()) == (130, [])
    assert time.monotonic() - began < 5


@pytest.mark.nightly
def test_the_port_stays_its_own_while_the_api_is_restarted(
    start_up: Callable[..., Up], tmp_path: Path
) -> None:
    up = start_up(tmp_path)
    url = up.wait_until_ready()
    port = int(url.rpartition(":")[2])
    killed = up.look()["api"]
    killed.kill()
    killed.wait()
    with pytest.raises(SetupError, match="is in use"):
        listen("127.0.0.1", port)
    # It waits for the next API, and is not refused.
    assert httpx.get(f"{url}/healthz", timeout=60, trust_env=False).status_code == 200


def test_nothing_outlives_it_when_it_is_killed(start_up: Callable[..., Up], tmp_path: Path) -> None:
    up = start_up(tmp_path)
    up.wait_until_ready()
    up.popen.kill()
    up.finish()
    assert up.left(seconds=30) == []


def test_a_data_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(SetupError, match=r"The data folder .*/data cannot be used: File exists\."):
        LocalService(tmp_path / "data").start()


def test_without_tensorflow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    with pytest.raises(SetupError, match=r"Training needs TensorFlow.*`pip install 'normlab\[cpu\]'`"):
        LocalService(tmp_path).start()
