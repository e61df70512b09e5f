import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from containers.stack import ROOT

URL = "NORMLAB_DATABASE_URL"
FILE = "NORMLAB_DATABASE_URL_PASSWORD_FILE"
SHOW = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]


def start(environment: dict[str, str], command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", ROOT / "docker" / "entrypoint.py", *command],
        env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("url", "user"),
    [
        ("postgresql+psycopg://normlab@postgres:5432/normlab", "normlab"),
        ("redis://redis:6379/0", ""),
    ],
)
@pytest.mark.parametrize("password", ["6a0f", "p@ss:w/o%rd #?ü"])
def test_the_password_is_put_into_the_url_so_that_it_reads_back(
    tmp_path: Path, url: str, user: str, password: str
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{password}\n", encoding="utf-8")
    done = start({URL: url, FILE: str(file)}, SHOW)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    parts, given = urlsplit(seen[URL]), urlsplit(url)
    assert unquote(parts.password or "") == password
    assert (parts.username, parts.hostname, parts.port, parts.path) == (
        user, given.hostname, given.port, given.path,
    )  # fmt: skip
    assert FILE not in seen


def test_without_password_files_the_environment_is_left_alone() -> None:
    done = start({URL: "sqlite:////data/normlab.db"}, SHOW)
    assert json.loads(done.stdout)[URL] == "sqlite:////data/normlab.db"


def test_the_command_takes_the_place_of_the_entrypoint_and_its_exit_code_is_kept() -> None:
    assert start({}, [sys.executable, "-c", "raise SystemExit(7)"]).returncode == 7


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {URL: "redis://redis", FILE: "/nowhere/password"},
            f"{FILE}: cannot read /nowhere/password (No such file or directory). "
            "It must be readable for the user of the container.",
        ),
        (
            {FILE: "/nowhere/password"},
            f"{FILE} is set, so {URL} must be the URL (without a password) that it belongs to.",
        ),
        (
            {URL: "redis://redis", FILE: "/dev/null"},
            f"{FILE}: /dev/null is empty. It must hold the password of {URL}.",
        ),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(environment: dict[str, str], sentence: str) -> None:
    done = start(environment, SHOW)
    assert done.returncode == 1
    assert done.stderr.strip() == sentence


def test_a_missing_command_is_said_in_a_sentence() -> None:
    done = start({}, [])
    assert done.stderr.strip() == "Say which command to run, for instance: normlab-api"
