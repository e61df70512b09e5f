"""A service that cannot start says why in a sentence, and leaves nothing behind."""

import ctypes
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from normlab.errors import SetupError
from normlab.local.folder_lock import FolderLock
from normlab.local.service import LocalService

SHARED: set[psutil.Process] = set()
MIGRATIONS = [sys.executable, "-P", "-m", "migrations"]


def migrate(data: Path, **options: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NORMLAB_DATA_DIR": str(data)}
    return subprocess.run(
        MIGRATIONS, env=environment, cwd=data.parent, capture_output=True, text=True, check=False, **options
    )


@pytest.fixture(autouse=True)
def before() -> None:
    """Remember the servers that other tests of this process share."""
    SHARED.clear()
    SHARED.update(psutil.Process().children())


def assert_nothing_left(data: Path) -> None:
    assert set(psutil.Process().children()) - SHARED == set()
    FolderLock(data / "normlab.lock", str).close()


def heed_permissions() -> None:
    """Let root, too, write only where it may: drop CAP_DAC_OVERRIDE (linux/capability.h, linux/prctl.h)."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)


def broken_file(data: Path) -> None:
    (data / "normlab.db").write_bytes(b"not a database, but long enough to be read as one " * 100)


def folder_in_its_place(data: Path) -> None:
    (data / "normlab.db").mkdir()


def another_version(data: Path) -> None:
    assert migrate(data).returncode == 0
    with sqlite3.connect(data / "normlab.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (broken_file, "file is not a database"),
        pytest.param(folder_in_its_place, "unable to open database file", marks=pytest.mark.nightly),
        pytest.param(another_version, "is of another version of Normlab", marks=pytest.mark.nightly),
    ],
)
def test_a_database_that_cannot_be_used(tmp_path: Path, spoil: Callable[[Path], None], reason: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    spoil(data)
    done = migrate(data)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: The database sqlite:///")
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
    with pytest.raises(SetupError) as refused:
        LocalService(data).start()
    assert f"Error: {refused.value}\n" == done.stderr
    assert_nothing_left(data)


def test_migrations_on_a_full_disk(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    room = 20_000  # less than the tables need; it is what a full disk looks like to a process
    done = migrate(data, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)))
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The database sqlite:///")
    assert done.stderr.count("\n") == 1
    assert migrate(data).returncode == 0


def test_migrations_of_a_file_that_can_only_be_read(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    assert migrate(data).returncode == 0
    (data / "normlab.db").chmod(0o444)
    data.chmod(0o555)
    done = migrate(data, preexec_fn=heed_permissions)
    data.chmod(0o755)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The database sqlite:///")
    assert done.stderr.count("\n") == 1


def test_a_setting_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMLAB_LEASE_SECONDS", "many")
    with pytest.raises(SetupError, match=r"^NORMLAB_LEASE_SECONDS: .*number"):
        LocalService(tmp_path).start()
    assert_nothing_left(tmp_path)  # Redis ran already


def test_an_error_that_nobody_expected_is_raised(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        LocalService(tmp_path, host=5).start()  # type: ignore[arg-type]  # the point
    assert_nothing_left(tmp_path)


def test_a_service_that_was_told_to_end_does_not_pass_for_running(tmp_path: Path) -> None:
    service = LocalService(tmp_path)
    service.request_stop()
    with pytest.raises(SetupError, match="before it was ready"), service:
        pass
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize("host", ["no such host", "a" * 70, "fe80::zz"])
def test_an_address_that_cannot_be_listened_at(tmp_path: Path, host: str) -> None:
    with pytest.raises(SetupError, match=r"^Port 0 of .* cannot be listened on"):
        LocalService(tmp_path, host=host).start()
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize("module", ["migrations", "api", "worker"])
@pytest.mark.parametrize(
    ("settings", "phrases"),
    [
        (
            {
                "NORMLAB_BROKER_URL": "redis://:secret/hush@127.0.0.1:6379/0",
                "NORMLAB_LEASE_SECONDS": "secret",
            },
            ["Error: NORMLAB_BROKER_URL: should be a URL", "NORMLAB_LEASE_SECONDS: "],
        ),
        ({"NORMLAB_DATABASE_URL": "postgres//user:secret/hush@host/db"}, ["Error: the database's URL"]),
    ],
    ids=["settings", "database"],
)
def test_a_password_in_a_url_with_a_mistake_is_not_shown(
    tmp_path: Path, module: str, settings: dict[str, str], phrases: list[str]
) -> None:
    environment = {**os.environ, "NORMLAB_DATA_DIR": str(tmp_path), **settings}
    done = subprocess.run(
        [sys.executable, "-P", "-m", module], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    for phrase in phrases:
        assert phrase in done.stderr
    for secret in ("secret", "hush", "Traceback"):
        assert secret not in done.stderr + done.stdout


@pytest.mark.parametrize("module", ["api", "worker"])
def test_an_artifact_store_of_an_unknown_kind(tmp_path: Path, module: str) -> None:
    environment = {
        **os.environ,
        "NORMLAB_DATA_DIR": str(tmp_path),
        "NORMLAB_ARTIFACTS_URL": "s4://hush/secret",
    }
    done = subprocess.run(
        [sys.executable, "-P", "-m", module], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: NORMLAB_ARTIFACTS_URL begins with s4://")
    assert "hush" not in done.stderr


def test_settings_that_the_local_service_does_not_use_are_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    broken_file(data)  # so that it ends at once
    result = subprocess.run(
        [
            sys.executable,
            "-P",
            "-c",
            "from normlab.cli import app; app()",
            "up",
            "--data",
            str(data),
            "--port",
            "0",
        ],
        env={**os.environ, "NORMLAB_DATABASE_URL": "postgresql://user:hush@db.example/normlab"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "NORMLAB_DATABASE_URL is not used" in result.stderr
    assert "hush" not in result.stderr
    assert_nothing_left(data)


def test_an_api_that_inherits_no_socket(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "api", "--fd", "99"],
        env={**os.environ, "NORMLAB_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "Error: --fd 99 is no socket: Bad file descriptor.\n")
