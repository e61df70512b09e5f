"""Sweeps that are run: from a request through the points of a space to the best of them.

Between the store, which keeps a sweep, its points and their jobs, and the analysis, which knows neither. Optuna and
scipy are imported when they are first used.
"""

from normlab.sweeps.advance import advance
from normlab.sweeps.lookup import SweepLookup
from normlab.sweeps.parse import parse_sweep
from normlab.sweeps.request import SweepQuestion, SweepRequest

__all__ = ["SweepLookup", "SweepQuestion", "SweepRequest", "advance", "parse_sweep"]
