"""Needs a large batch."""

from normlab.analysis.claims.claim import Claim, Definition, Examined, Need
from normlab.analysis.claims.effect import Better, Effect, Unit, Unknown
from normlab.analysis.claims.evidence import Evidence, Paired, Setting, paired_values
from normlab.analysis.mechanism.quantities import Scale

SIZES = (2, 8, 128)
"""Batches at which both arms are trained beside their own."""
SMALL = 2
MARGIN = 0.01
"""A percentage point of validation accuracy does not matter."""


def _accuracies(runs: Paired) -> dict[int | None, tuple[float | None, float | None]]:
    """Of both arms by their pair."""
    return {a.record.pair_number: (a.accuracy, b.accuracy) for a, b in zip(runs.a, runs.b, strict=True)}


def examine(evidence: Evidence) -> Examined:
    """Both arms at the smallest batch, and what that does to the lead at their own."""
    small = evidence.at.get(Setting("/training/batch_size", SMALL), Paired())
    if not len(small):
        reason = Unknown(f"no pair was trained with batches of {SMALL}")
        return {"harm": reason, "lead": reason}
    at_small, at_own = _accuracies(small), _accuracies(evidence.same)
    alone = paired_values(at_small.values())
    leads = paired_values((_lead(at_small[pair]), _lead(at_own[pair])) for pair in at_small if pair in at_own)
    unknown = Unknown("there is no validation accuracy of both arms")
    return {
        "harm": unknown
        if alone is None
        else Effect(
            f"validation accuracy with batches of {SMALL}",
            *alone,
            Better.SMALLER,
            Scale.DIFFERENCE,
            MARGIN,
            Unit.PERCENT,
        ),
        "lead": unknown
        if leads is None
        else Effect(
            f"the lead of {evidence.b}",
            *leads,
            Better.LARGER,
            Scale.DIFFERENCE,
            MARGIN,
            Unit.PERCENT,
            names=(f"batches of {SMALL}", "its own batches"),
        ),
    }


def _lead(accuracies: tuple[float | None, float | None]) -> float | None:
    a, b = accuracies
    return None if a is None or b is None else b - a


CLAIM = Claim(
    name="large_batch",
    sentence="needs a large batch",
    definition=(
        "Both arms are trained with batches of 2, 8 and 128 beside their own, all else being equal, the epochs, too. "
        "Harm: with batches of 2 it is worse than without the change. Lead: what it gains with its own batches is more "
        "than what it gains with batches of 2. A percentage point of validation accuracy does not matter. Smaller "
        "batches are more updates, for both arms."
    ),
    source="Wu and He (2018), arXiv 1803.08494, figure 1; Ioffe (2017), arXiv 1702.03275",
    runs="Both arms with batches of 2, 8 and 128, with the seeds of the comparison: jobs of its own.",
    cost="3 further jobs of each arm and seed; those with batches of 2 have many more updates than all others.",
    needs=(Need.COMPARISON, Need.SETTINGS),
    definitions=(
        Definition("harm", "it does harm with batches of 2"),
        Definition("lead", "its lead is larger with its own batches"),
    ),
    examine=examine,
    settings=tuple(Setting("/training/batch_size", size) for size in SIZES),
)
