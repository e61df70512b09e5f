import os
import subprocess
import sys
from pathlib import Path

import pytest

from normlab.errors import SetupError
from normlab.local.folder_lock import FolderLock

HOLDER = """
import subprocess, sys, time
from pathlib import Path
from normlab.local.folder_lock import FolderLock
lock = FolderLock(Path(sys.argv[1]), str)
lock.write_owner("the holder")
child = subprocess.Popen(["sleep", "60"], pass_fds=[lock.descriptor]) if len(sys.argv) > 2 else None
print(child.pid if child else 0, flush=True)
time.sleep(60)
"""
REFUSAL = "It is in use by {}.".format


def test_a_second_owner_is_refused_with_the_name_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "a lock"
    with FolderLock(path, REFUSAL) as first:
        first.write_owner("a long name of the one before")
        first.write_owner("process 7")
        with pytest.raises(SetupError, match=r"^It is in use by process 7\.$"):
            FolderLock(path, REFUSAL)
    FolderLock(path, REFUSAL).close()


def test_a_killed_owner_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, path], stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        with pytest.raises(SetupError, match="the holder"):
            FolderLock(path, REFUSAL)
        holder.kill()
    FolderLock(path, REFUSAL).close()


def test_a_child_that_inherits_it_keeps_it_when_its_owner_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, path, "child"], stdout=subprocess.PIPE) as holder:
        child = int(holder.stdout.readline())
        holder.kill()
    try:
        with pytest.raises(SetupError, match="the holder"):
            FolderLock(path, REFUSAL)
    finally:
        os.kill(child, 9)
    FolderLock(path, REFUSAL).close()


def test_a_child_keeps_it_when_its_owner_closes_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with FolderLock(path, REFUSAL) as lock:
        child = subprocess.Popen(["sleep", "60"], pass_fds=[lock.descriptor])
    try:
        with pytest.raises(SetupError, match="another process"):
            FolderLock(path, REFUSAL)
    finally:
        child.kill()
        child.wait()
