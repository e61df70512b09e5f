"""Comparisons that are run: from a request through its jobs to a verdict.

Between the store, which keeps a comparison and its jobs, and the analysis, which knows neither. What needs scipy is
imported when it is first used.
"""

from normlab.comparisons.advance import advance
from normlab.comparisons.assessment import Assessment, AssessmentDocument, assess, assess_or_explain
from normlab.comparisons.lookup import Assessed, ComparisonLookup, LookedUp
from normlab.comparisons.parse import parse_comparison
from normlab.comparisons.request import ComparisonRequest, Question
from normlab.comparisons.runs import ComparedRuns, load_runs

__all__ = [
    "Assessed",
    "Assessment",
    "AssessmentDocument",
    "ComparedRuns",
    "ComparisonLookup",
    "ComparisonRequest",
    "LookedUp",
    "Question",
    "advance",
    "assess",
    "assess_or_explain",
    "load_runs",
    "parse_comparison",
]
