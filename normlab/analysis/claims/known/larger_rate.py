"""Tolerates a larger learning rate."""

from normlab.analysis.claims.claim import Claim, Definition, Examined, Need
from normlab.analysis.claims.effect import Better, Effect, Unit, Unknown
from normlab.analysis.claims.evidence import Evidence, Run, Setting, paired_values
from normlab.analysis.mechanism.quantities import Scale

TIMES = (10, 100)
"""So many times the arm's own rate is tried beside it."""
MARGIN = 0.01
"""A percentage point of validation accuracy does not matter."""

_NAMES = {10: "ten", 100: "hundred"}


def _at(times: int) -> Setting:
    return Setting("/training/optimizer/learning_rate", times, times=True)


def _runs(evidence: Evidence) -> dict[int, dict[tuple[int | None, str], Run]]:
    """By how many times the rate, and by pair and arm."""
    found = {}
    for times in (1, *TIMES):
        paired = evidence.same if times == 1 else evidence.at.get(_at(times))
        if paired is not None:
            found[times] = {
                (run.record.pair_number, arm): run
                for arm, runs in (("a", paired.a), ("b", paired.b))
                for run in runs
            }
    return found


def examine(evidence: Evidence) -> Examined:
    """How far each arm stays behind its best of the rates at the larger ones."""
    by_times = _runs(evidence)
    found: dict[str, Effect | Unknown] = {}
    for times in TIMES:
        pairs = [
            (_behind(by_times, times, pair, "a"), _behind(by_times, times, pair, "b"))
            for pair in dict.fromkeys(pair for pair, _ in by_times.get(times, {}))
        ]
        values = paired_values(pairs)
        found[_NAMES[times]] = (
            Unknown(f"no pair was trained with {times} times the learning rate")
            if values is None
            else Effect(
                f"what it stays behind its best at {times} times its learning rate",
                *values,
                Better.SMALLER,
                Scale.DIFFERENCE,
                MARGIN,
                Unit.PERCENT,
            )
        )
    return found


def _behind(
    by_times: dict[int, dict[tuple[int | None, str], Run]], times: int, pair: int | None, arm: str
) -> float | None:
    """Validation accuracy at so many times the rate, below that at the best rate; None where it is not known at all."""
    reached = {
        of: accuracy
        for of, runs in by_times.items()
        if (run := runs.get((pair, arm))) is not None and (accuracy := run.accuracy) is not None
    }
    return (
        max(reached.values()) - reached[times]
        if times in reached and len(reached) == len(TIMES) + 1
        else None
    )


CLAIM = Claim(
    name="larger_rate",
    sentence="tolerates a larger learning rate",
    definition=(
        "Both arms are trained at their own learning rate, at ten times and at a hundred times that. Compared is how "
        "far the validation accuracy at a larger rate stays behind the best of the three, which each arm has for "
        "itself: that there is no NaN would be the wrong criterion, since networks whose scale is free do not blow up "
        "at any rate. A run that does counts as 0 % right. A percentage point does not matter."
    ),
    source="Bjorck et al. (2018), arXiv 1806.02375; Arora, Li and Lyu (2019), arXiv 1812.03981",
    runs="Both arms at ten and a hundred times their learning rate, with the seeds of the comparison: jobs of its own.",
    cost="2 further jobs of each arm and seed.",
    needs=(Need.COMPARISON, Need.SETTINGS),
    definitions=(
        Definition("ten", "it stays less behind its best at ten times its rate"),
        Definition("hundred", "it stays less behind its best at a hundred times its rate"),
    ),
    examine=examine,
    settings=tuple(map(_at, TIMES)),
)
