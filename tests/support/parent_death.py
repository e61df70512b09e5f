"""Become a Postgres that ends with its parent, and never as root: ``python parent_death.py PARENT_PID UID PROGRAM
ARGUMENTS…``.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Give up root first: the kernel forgets the wish for a signal when a process changes its user."""
    parent, user, *command = sys.argv[1:]
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(int(user))
        os.setuid(int(user))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGQUIT), 0, 0, 0)
    if os.getppid() == int(parent):  # else it died before we asked
        os.execv(command[0], command)


if __name__ == "__main__":
    main()
