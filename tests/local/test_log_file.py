import io
import stat
import sys
from pathlib import Path

import pytest
from rich.console import Console

from normlab.cli.display.logs import LogFollower
from normlab.local.log_file import LogFile
from normlab.local.process import Process

WRITER = """
import itertools, os, pathlib, sys
for n in itertools.count():
    os.write(1, b"line %d\\n" % n)
    if pathlib.Path(sys.argv[1]).exists():
        break
"""


def numbers(path: Path) -> list[int]:
    return [int(line.split()[1]) for line in path.read_text().splitlines()]


def test_a_log_is_set_aside_while_its_process_runs(tmp_path: Path) -> None:
    process = Process("writer", tmp_path / "logs", log_bytes=5_000)
    log, stop = process.log, tmp_path / "stop"
    process.start([sys.executable, "-c", WRITER, str(stop)])
    try:
        while not log.aside.exists() or numbers(log.aside)[0] == 0:  # until it has happened twice
            log.rotate()
        stop.touch()
        assert process.wait(30)
    finally:
        process.kill()
    written = [*numbers(log.aside), *numbers(log.path)]
    assert written == sorted(set(written)), "nothing twice, nothing out of order"
    assert log.aside.stat().st_size >= 5_000
    assert process.log_tail(1) == f"line {written[-1]}"
    for path in (log.path, log.aside):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700


def test_the_tail_is_of_the_process_that_began_last(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "a.log")
    assert log.tail(5) == ""
    with log.open() as file:
        file.write(b"of the first\n")
    with log.open() as file:
        assert log.tail(5) == ""
        file.write(b"one\ntwo\nthree\n")
    assert log.tail(2) == "two\nthree"
    assert log.path.read_bytes() == b"of the first\none\ntwo\nthree\n"


@pytest.mark.parametrize("obstacle", ["a full disk", "a folder"])
def test_without_room_for_a_copy_a_log_is_only_emptied(tmp_path: Path, obstacle: str) -> None:
    log = LogFile(tmp_path / "a.log", max_bytes=10)
    with log.open() as file:
        file.write(b"more than ten bytes\n")
        file.flush()
        log.aside.mkdir() if obstacle == "a folder" else log.aside.symlink_to("/dev/full")
        log.rotate()
        file.write(b"next\n")
    assert log.path.read_bytes() == b"next\n"
    assert not log.aside.is_symlink()


def test_whoever_follows_sees_the_lines_that_were_set_aside(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=80)
    log = LogFile(tmp_path / "api.log", max_bytes=20)
    follower = LogFollower(tmp_path, console)
    with log.open() as file:
        for part in (b"one\ntwo\nthr", b"ee\nfour, which is long\n", b"five\n"):
            log.rotate()
            file.write(part)
            file.flush()
            if b"four" not in part:  # nobody looked between four and its copy
                follower.look()
    assert [line.split(" | ")[1] for line in console.file.getvalue().splitlines()] == [
        "one",
        "two",
        "three",
        "four, which is long",
        "five",
    ]
