"""``python -m normlab.programs api|worker|migrations``: the same without a script on the PATH."""

import sys

from normlab.programs import PROGRAMS, run

if len(sys.argv) < 2 or sys.argv[1] not in PROGRAMS:
    sys.exit(f"Usage: python -m normlab.programs {{{','.join(PROGRAMS)}}} [option]...")
run(sys.argv.pop(1))
