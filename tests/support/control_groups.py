"""Control groups for tests: trees of files in every layout, and real ones where this process may make them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from worker.cgroups import control_groups


class Tree:
    """A process file system and control groups, as far as a worker reads them."""

    def __init__(self, folder: Path) -> None:
        self.proc = folder / "proc"
        self.mounts = folder / "sys fs cgroup"  # with blanks, which mountinfo escapes
        (self.proc / "self").mkdir(parents=True)

    def say(self, cgroup: str, *mounts: tuple[str, str, str]) -> None:
        """``mounts``: root in the hierarchy, folder under ours, and file system type with its options."""
        (self.proc / "self" / "cgroup").write_text(cgroup)
        lines = [
            f"35 31 0:32 {root} {str(self.mounts / folder).replace(' ', chr(92) + '040')} rw,nosuid shared:9 - {kind}\n"
            for root, folder, kind in mounts
        ]
        (self.proc / "self" / "mountinfo").write_text(
            "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + "".join(lines)
        )

    def write(self, path: str, content: object) -> None:
        file = self.mounts / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{content}\n")


class MemoryGroup:
    """A real control group with a limit on the memory of all processes in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def command(self, command: list[str]) -> list[str]:
        """The command that runs another one in this group."""
        enter = f"echo $$ > '{self.folder}/cgroup.procs'; exec \"$@\""
        return ["sh", "-c", enter, "sh", *command]

    @property
    def killed(self) -> int:
        """How many processes in it the kernel has killed for want of memory."""
        for name in ("memory.events", "memory.oom_control"):
            if (self.folder / name).exists():
                lines = (self.folder / name).read_text().splitlines()
                return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
        raise AssertionError("the kernel does not count them")


@contextmanager
def memory_group(limit_bytes: int) -> Iterator[MemoryGroup]:
    """A control group below this process's own; the test is skipped where none can be made."""
    parents = [folder for folder in control_groups("memory") if (folder / "cgroup.procs").exists()]
    for parent in reversed(parents):
        folder = parent / f"normlab-test-{time.monotonic_ns()}"
        try:
            folder.mkdir()
        except OSError:
            continue
        names = [name for name in ("memory.max", "memory.limit_in_bytes") if (folder / name).exists()]
        try:
            if names:
                (folder / names[0]).write_text(str(limit_bytes))
                yield MemoryGroup(folder)
                return
        finally:
            _remove(folder)
    pytest.skip(
        "only root may make control groups, and not everywhere; tests/worker/test_memory.py has their trees"
    )


def _remove(folder: Path) -> None:
    for _ in range(100):  # the last process in it may still be ending
        try:
            folder.rmdir()
        except OSError:
            time.sleep(0.1)
        else:
            return
    folder.rmdir()
