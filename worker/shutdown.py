"""A shutdown that all of a worker's processes see at once."""

import mmap


class ShutdownFlag:
    """One byte of memory that a process shares with the children it forks.

    Setting and reading it take no lock and no system call, so a signal handler may set it and a training loop may
    look at it as often as it likes. It is never cleared.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 1)

    def set(self) -> None:
        """Tell everybody to stop."""
        self._memory[0] = 1

    @property
    def is_set(self) -> bool:
        """Whether somebody said so."""
        return self._memory[0] != 0
