"""The service's programs: ``normlab-api``, ``normlab-worker`` and ``normlab-migrate``.

They are the packages ``api``, ``worker`` and ``migrations`` at the top of the repository. A wheel carries them inside
this folder instead, so that it brings one name to ``site-packages`` and meets nobody's own package of these names.
Only the process that runs one of them finds them under their names: docs/decisions/0014-one-name-in-a-wheel.md.
"""

import runpy
import sys
from pathlib import Path

PROGRAMS = ("api", "worker", "migrations")


def folder() -> Path:
    """The folder that holds the programs' packages."""
    here = Path(__file__).parent
    return here if (here / PROGRAMS[0]).is_dir() else here.parents[1]


def run(program: str) -> None:
    """Run one of ``PROGRAMS`` in this process, as ``python -m`` does, with the arguments that this process has."""
    sys.path.insert(0, str(folder()))
    runpy.run_module(program, run_name="__main__", alter_sys=True)


def api() -> None:
    """``normlab-api``: the HTTP service."""
    run("api")


def worker() -> None:
    """``normlab-worker``: training."""
    run("worker")


def migrate() -> None:
    """``normlab-migrate``: make or upgrade the database's tables."""
    run("migrations")
