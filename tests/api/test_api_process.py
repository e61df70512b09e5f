import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from normlab.spec import JobSpec
from normlab.store import Database
from normlab.store.jobs import jobs


def test_the_api_has_no_tensorflow_in_it(tmp_path):
    program = "import api.app, json, sys; api.app.create_app(); print(json.dumps(sorted(sys.modules)))"
    output = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "NORMLAB_DATABASE_URL": f"sqlite:///{tmp_path}/normlab.db"},
        check=True,
        capture_output=True,
        timeout=60,
    ).stdout
    modules = set(json.loads(output))
    assert "onnxruntime" in modules
    # The second line: what a chart or a statistic needs is imported when the first one is asked for.
    assert not {"tensorflow", "keras", "tf2onnx"} & modules
    assert not {"altair", "optuna", "scipy", "pandas", "vl_convert"} & modules
    assert "psycopg" not in modules  # nothing but Postgres needs it


@contextmanager
def api_process(
    data_dir: Path, database: Database, broker_url: str
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    log = data_dir / "api.log"
    environment = {
        **os.environ,
        "NORMLAB_DATA_DIR": str(data_dir),
        "NORMLAB_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "NORMLAB_BROKER_URL": broker_url,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "api", "--port", "0"], env=environment, stdout=output, stderr=output
        )
    try:
        yield process, log
    finally:
        process.kill()
        process.wait()


def wait_for(
    what: Callable[[], re.Match[str] | None], process: subprocess.Popen[bytes], log: Path
) -> re.Match[str]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if found := what():
            return found
        time.sleep(0.01)
    pytest.fail(f"the API does not start: {log.read_text()}")


def test_the_process_answers_soon_and_ends_when_told_to(
    tmp_path: Path, sqlite_database: Database, broker_url: str, make_spec: Callable[..., JobSpec], capsys
):
    begin = time.monotonic()
    with api_process(tmp_path, sqlite_database, broker_url) as (process, log):
        found = wait_for(lambda: re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text()), process, log)
        with httpx.Client(base_url=found[0], timeout=10) as http:
            assert http.get("/healthz").json() == {"status": "ok"}
            seconds = time.monotonic() - begin
            with capsys.disabled():
                sys.stdout.write(f"\n/healthz answered {seconds:.2f} s after the start of the process\n")
            assert seconds < 20  # alone on a machine it takes less than 2; here others are at work
            with sqlite_database.write() as session:
                job = jobs.create(session, make_spec())
            with http.stream("GET", f"/jobs/{job.id}/events") as watched:
                lines = watched.iter_lines()
                assert next(lines) == "event: state"
                process.send_signal(signal.SIGTERM)
                assert "event: end" not in list(lines)  # the stream is cut, to be resumed elsewhere
        assert process.wait(15) in (0, -signal.SIGTERM)
        assert "Traceback" not in log.read_text()
