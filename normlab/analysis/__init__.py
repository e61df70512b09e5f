"""Numbers to answers: runs side by side, statistics, verdicts, charts. Pure functions; no service is needed.

>>> from normlab.analysis import compare_paired
>>> compare_paired([0.80, 0.81, 0.79, 0.80, 0.81, 0.80], [0.84, 0.85, 0.84, 0.83, 0.85, 0.84]).verdict
<Verdict.B_BETTER: 'b_better'>

What needs scipy or altair is imported when it is first used: they take seconds, and the API starts in less.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from normlab.analysis.differences import Difference, differences
from normlab.analysis.fairness import by_arm, caveats
from normlab.analysis.records import EpochPoint, RunRecord
from normlab.analysis.summary import ComparisonSummary, RunSummary, summarize

if TYPE_CHECKING:
    from normlab.analysis.charts.curves import learning_curves
    from normlab.analysis.charts.theme import ImageFormat, render

_LAZY = {
    "ImageFormat": "charts.theme",
    "learning_curves": "charts.curves",
    "render": "charts.theme",
}

__all__ = [
    "ComparisonSummary",
    "Difference",
    "EpochPoint",
    "ImageFormat",
    "RunRecord",
    "RunSummary",
    "by_arm",
    "caveats",
    "differences",
    "learning_curves",
    "render",
    "summarize",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for for the first time."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
