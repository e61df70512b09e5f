import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from normlab.client import Client, JobState
from normlab.errors import SetupError
from normlab.local.service import LocalService
from support.up import Up

DIGITS = {"dataset": {"name": "digits"}, "training": {"epochs": 2}}


def test_its_life(start_up: Callable[..., Up], tmp_path: Path) -> None:
    (tmp_path / "worker.py").write_text("raise SystemExit('a file of the same name, not the worker')")
    first = start_up(tmp_path / "data", cwd=tmp_path)
    with Client(first.wait_until_ready()) as client:
        for name in ("redis", "worker"):
            first.kill_and_wait_for_another(name)
        job = client.wait(client.submit("baseline", **DIGITS).id)
        assert job.state is JobState.SUCCEEDED, job.error
    first.look()
    first.popen.send_signal(signal.SIGTERM)
    code, said = first.finish()
    assert (code, first.left()) == (0, []), said
    assert said.splitlines()[1:] == [
        "The redis process ended (SIGKILL) and is started again.",
        "The worker process ended (SIGKILL) and is started again.",
        "Ending; running jobs go back to the queue. Once more ends it at once.",
    ]

    second = start_up(tmp_path / "data", "--verbose")
    with Client(second.wait_until_ready()) as client:
        assert client.job(job.id).result == job.result
        assert len(client.metrics(job.id).epochs) == 2
    for _ in range(3):
        second.kill_and_wait_for_another("api")
    second.look()["api"].kill()
    code, said = second.finish()
    assert (code, second.left()) == (1, [])
    assert "       api | INFO:     Application startup complete." in said
    assert "Error: The api process ended 4 times within a minute (SIGKILL), so the service ends." in said
    assert f"{tmp_path}/data/logs/api.log; the last lines:\n" in said


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

    up.look()["worker"].suspend()
    up.popen.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert up.popen.poll() is None, "it waits for the worker, which hangs"
    began = time.monotonic()
    up.popen.send_signal(signal.SIGINT)
    code, _ = up.finish()
    assert (code, up.left()) == (130, [])
    assert time.monotonic() - began < 5


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


def test_a_process_that_ends_at_the_start_is_shown_with_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORMLAB_LEASE_SECONDS", "many")
    with pytest.raises(SetupError, match=r"The migrations process ended \(exit code 1\)(.|\n)*lease_seconds"):
        LocalService(tmp_path).start()
