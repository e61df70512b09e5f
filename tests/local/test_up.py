import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from normlab.client import Client, JobState
from normlab.errors import SetupError
from normlab.local import LocalService

DIGITS = {"dataset": {"name": "digits"}, "training": {"epochs": 2}}


def test_it_trains_ends_on_sigterm_and_has_kept_everything_when_it_is_started_again(
    start_up: Callable, tmp_path: Path
) -> None:
    (tmp_path / "worker.py").write_text("raise SystemExit('a file of the same name, not the worker')")
    first = start_up(tmp_path / "data", cwd=tmp_path)
    with Client(first.wait_until_ready()) as client:
        job = client.wait(client.submit("baseline", **DIGITS).id)
        assert job.state is JobState.SUCCEEDED, job.error
    first.look()
    first.popen.send_signal(signal.SIGTERM)
    code, said = first.finish()
    assert (code, first.left()) == (0, []), said
    assert "running jobs go back to the queue" in said

    second = start_up(tmp_path / "data", "--verbose")
    with Client(second.wait_until_ready()) as client:
        assert client.job(job.id).result == job.result
        assert len(client.metrics(job.id).epochs) == 2
    second.popen.send_signal(signal.SIGINT)
    code, said = second.finish()
    assert (code, second.left()) == (0, []), said
    assert "       api | " in said


def test_a_second_one_on_the_folder_or_the_port_is_refused(start_up: Callable, tmp_path: Path) -> None:
    first = start_up(tmp_path / "data")
    url = first.wait_until_ready()

    with pytest.raises(SetupError) as refused:
        LocalService(tmp_path / "data").start()
    assert str(refused.value) == (
        f"The data folder {tmp_path}/data is in use by process {first.popen.pid}, which serves {url}. "
        "End that one, or choose another folder."
    )
    port = int(url.rpartition(":")[2])
    with pytest.raises(
        SetupError, match=rf"^Port {port} of 127\.0\.0\.1 is in use\. Choose another one, or 0"
    ):
        LocalService(tmp_path / "other", port=port).start()

    first.popen.kill()
    first.finish()
    assert first.left() == [], "its processes outlived it"


def test_what_dies_is_started_again_but_not_for_ever(start_up: Callable, tmp_path: Path) -> None:
    up = start_up(tmp_path)
    url = up.wait_until_ready()
    for name in ("redis", "worker", "api"):
        killed = up.look()[name]
        killed.kill()
        wait_for_another(up, name, killed)
    with Client(url) as client:
        wait_for_service(client)
        assert client.wait(client.submit("baseline", **DIGITS).id).state is JobState.SUCCEEDED
    for _ in range(3):
        killed = up.look()["api"]
        killed.kill()
        if _ < 2:
            wait_for_another(up, "api", killed)
    code, said = up.finish()
    assert (code, up.left()) == (1, [])
    assert "The redis process ended (SIGKILL) and is started again." in said
    assert "Error: The api process ended 4 times within a minute (SIGKILL), so the service ends." in said
    assert f"{tmp_path}/logs/api.log; the last lines:\n" in said


def test_a_second_signal_ends_it_at_once_also_when_a_process_hangs(
    start_up: Callable, tmp_path: Path
) -> None:
    up = start_up(tmp_path)
    up.wait_until_ready()
    up.look()["worker"].suspend()
    up.popen.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert up.popen.poll() is None
    began = time.monotonic()
    up.popen.send_signal(signal.SIGTERM)
    code, _ = up.finish()
    assert (code, up.left()) == (130, [])
    assert time.monotonic() - began < 5


def test_a_data_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(SetupError, match=r"The data folder .*/data cannot be used: File exists\."):
        LocalService(tmp_path / "data").start()


def test_a_process_that_ends_at_the_start_is_shown_with_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORMLAB_LEASE_SECONDS", "many")
    with pytest.raises(SetupError, match=r"The migrations process ended \(exit code 1\)(.|\n)*lease_seconds"):
        LocalService(tmp_path).start()


def wait_for_another(up: object, name: str, killed: psutil.Process) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        process = up.look().get(name)
        if process is not None and process.pid != killed.pid:
            return
        time.sleep(0.05)
    raise AssertionError(f"{name} was not started again")


def wait_for_service(client: Client) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            client.architectures()
        except Exception:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return
