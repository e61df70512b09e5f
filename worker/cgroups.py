"""Where Linux says what the control groups of this process allow: version 1 and 2, in a container or not."""

from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")


def control_groups(controller: str, proc: Path = PROC) -> Iterator[Path]:
    """The folders of all control groups that bound this process in one respect, from the root to its own.

    A limit of any of them holds, so the smallest counts. Version 2 has one hierarchy for everything; version 1 has one
    for each ``controller`` (``memory``, ``cpu``); a machine may have both mounted. Only the part that is mounted here
    is seen: in a container that is mostly the container's own group.

    Args:
        controller: Its name in version 1.
        proc: Where the process file system is.
    """
    try:
        mine = [line.split(":", 2) for line in (proc / "self" / "cgroup").read_text().splitlines()]
        mounts = (proc / "self" / "mountinfo").read_text().splitlines()
    except (OSError, UnicodeDecodeError):  # not Linux, or hidden
        return
    for line in mounts:
        mount, _, source = line.partition(" - ")  # proc_pid_mountinfo(5)
        fields, kind = mount.split(), (source.split() or [""])[0]
        if len(fields) < 5 or kind not in ("cgroup", "cgroup2"):
            continue
        wanted = "" if kind == "cgroup2" else controller
        for _, names, path in (entry for entry in mine if len(entry) == 3):
            if wanted in names.split(",") and (not wanted or wanted in source.rsplit(" ", 1)[-1].split(",")):
                yield from _from_the_root(Path(_unescape(fields[4])), _unescape(fields[3]), path)


def _from_the_root(mount_point: Path, root: str, path: str) -> Iterator[Path]:
    inside = path.removeprefix(root.rstrip("/")) if path.startswith(root) else ""
    folder = mount_point
    yield folder
    for part in inside.split("/"):
        if part in ("", ".."):
            continue
        folder /= part
        if folder.is_dir():
            yield folder


def _unescape(field: str) -> str:
    """Blanks and backslashes are written as octal numbers."""
    for escaped, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(escaped, character)
    return field
