"""Become another program that ends with its parent: ``python parent_death.py PARENT_PID SIGNAL PROGRAM ARGUMENTS…``.

Run as a script by ``normlab.local.process``, because asking the kernel for this between fork and exec from Python
is not safe in a process with threads. Standard library only, so that it starts in some milliseconds.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Ask the kernel for SIGNAL when the parent dies, then turn into PROGRAM."""
    parent, signal_number, *command = sys.argv[1:]
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
    if os.getppid() != int(parent):  # it died before we asked
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
