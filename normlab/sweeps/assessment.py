"""What a sweep's points say, and what is told to those who look."""

import logging

from normlab.documents.sweeps import SweepResult
from normlab.store import StudyStopReason
from normlab.sweeps.runs import SweptRuns

_log = logging.getLogger(__name__)

NO_RESULT = "What the points say could not be worked out; the log of the service says why."


def assess(runs: SweptRuns) -> SweepResult:
    """What is known so far."""
    from normlab.analysis.sweeps.analyse import analyse  # noqa: PLC0415 - scipy takes seconds

    return analyse(runs.arms, runs.asked)


def assess_or_explain(runs: SweptRuns) -> tuple[SweepResult | None, str | None]:
    """The same for those who only look, or why there is none; neither before a point has ended."""
    if runs.sweep.stop_reason is StudyStopReason.ANALYSIS_FAILED:
        return None, NO_RESULT
    if not runs.values and not runs.diverged:
        return None, None
    try:
        return assess(runs), None
    except Exception:
        _log.exception("what sweep %s says cannot be worked out", runs.sweep.id)
        return None, NO_RESULT
