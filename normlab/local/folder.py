"""The data folder's permissions: what is kept is its owner's alone."""

import contextlib
from pathlib import Path

PRIVATE_FOLDERS = ("artifacts", "checkpoints", "logs", "redis", "workers")
"""In the data folder. Dataset files are public, and often somebody else's."""


def make_private(data_dir: Path) -> None:
    """Make the data folder, closed to other users; in one that exists, close what is ours.

    A folder that exists keeps its own mode: it may be one that other things are in, too.

    Raises:
        OSError: It cannot be made.
    """
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in PRIVATE_FOLDERS:
        _close(data_dir / folder, 0o700)
    for file in data_dir.glob("normlab.db*"):
        _close(file, 0o600)


def _close(path: Path, mode: int) -> None:
    # Not there yet, or another user's; what a link leads to was put there by somebody who knows why.
    with contextlib.suppress(OSError):
        if not path.is_symlink():
            path.chmod(mode)
