import io
import stat
import sys
import time
from pathlib import Path

from rich.console import Console

from normlab.cli.display.logs import LogFollower
from normlab.local.log_file import LogFile
from normlab.local.process import Process

WRITER = (
    "import time\nfor n in range(4000):\n    print('line', n, flush=True)\n    n % 100 or time.sleep(0.02)"
)


def test_a_log_is_set_aside_while_its_process_runs(tmp_path: Path) -> None:
    process = Process("writer", tmp_path / "logs", log_bytes=10_000)
    process.start([sys.executable, "-c", WRITER])
    largest = 0
    while process.exit_code() is None:
        process.log.rotate()
        largest = max(largest, process.log.path.stat().st_size)
        time.sleep(0.005)
    aside = process.log.aside.read_text().splitlines()
    written = [int(line.split()[1]) for line in [*aside, *process.log.path.read_text().splitlines()]]
    assert written[-1] == 3999
    assert written == sorted(written)
    assert written[0] > 0, "older ones are gone"
    assert largest < 40_000  # all of it would be 39,000 bytes
    assert process.log_tail(2) == "line 3998\nline 3999"
    for path in (process.log.path, process.log.aside):
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


def test_without_room_for_a_copy_a_log_is_only_emptied(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "a.log", max_bytes=10)
    with log.open() as file:
        file.write(b"more than ten bytes\n")
        file.flush()
        log.aside.symlink_to("/dev/full")
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
