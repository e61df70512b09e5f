"""Trains faster, at one learning rate."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from normlab.analysis.claims.claim import Claim, Definition, Examined, Need
from normlab.analysis.claims.effect import Better, Effect, NotApplicable, Unit, Unknown, of_ratios
from normlab.analysis.claims.evidence import Evidence, Run
from normlab.analysis.load import Clock, choose_clock

PART_OF_BEST = 0.9
"""Time is counted to this part of the better of the two arms' final accuracies, pair by pair."""
MARGIN = 1.1
"""A tenth less time does not matter."""


_Known = tuple[tuple[Run, Run], int, float]
"""A pair, its number, and its target."""
_Times = list[tuple[float, bool]]
"""Of both runs of a pair, as ``_reached`` gives them."""


def _reached(run: Run, target: float) -> tuple[float, bool]:
    """After how many epochs the validation accuracy is at the target, between two epochs by interpolation, and whether
    it was reached; if not, how long the run was watched. The first epoch counts whole: what was before is not known.
    """
    before: tuple[int, float] | None = None
    for point in run.record.epochs:
        if point.val_accuracy is None:
            continue
        if point.val_accuracy >= target:
            if before is None:
                return float(point.epoch), True
            epoch, accuracy = before
            return epoch + (target - accuracy) / (point.val_accuracy - accuracy) * (point.epoch - epoch), True
        before = point.epoch, point.val_accuracy
    return float(len(run.record.epochs)), False


def _target(evidence: Evidence, a: Run, b: Run) -> float | None:
    if evidence.target_accuracy is not None:
        return evidence.target_accuracy
    finals = [value for run in (a, b) if (value := run.accuracy) is not None]
    return PART_OF_BEST * max(finals) if len(finals) == 2 else None


def _without_pairs_that_miss(
    known: list[_Known], times: list[_Times]
) -> tuple[list[_Known], list[_Times], int]:
    """The pairs of which a run reached the target, and how many there are beside them."""
    kept = [place for place, pair in enumerate(times) if any(reached for _, reached in pair)]
    return [known[place] for place in kept], [times[place] for place in kept], len(times) - len(kept)


def _per_epoch(runs: Sequence[Run], clock: Clock) -> list[float | None]:
    """Seconds of training that an epoch takes in each run."""
    seconds: list[float | None] = []
    for run in runs:
        total = (
            run.record.load("cpu_seconds")
            if clock is Clock.PROCESSOR
            else (run.record.training_seconds[-1] if run.record.epochs else None)
        )
        seconds.append(total / len(run.record.epochs) if total and run.record.epochs else None)
    return seconds


def examine(evidence: Evidence) -> Examined:
    """Time to the target by each clock. A run that does not reach it counts with all its epochs, which is too little:
    it makes the slower arm look faster than it is."""
    pairs = list(zip(evidence.same.a, evidence.same.b, strict=True))
    targets = [_target(evidence, a, b) for a, b in pairs]
    known = [
        (pair, number, target)
        for number, (pair, target) in enumerate(zip(pairs, targets, strict=True))
        if target is not None
    ]
    if not known:
        reason = Unknown("no pair has validation accuracies of both arms")
        return dict.fromkeys(("epochs", "updates", "seconds"), reason)
    times = [[_reached(run, target) for run in pair] for pair, _, target in known]
    # Of a pair of which neither run gets there it is not known which is faster: both would count as equally fast.
    known, times, unknown = _without_pairs_that_miss(known, times)
    if not known:
        reason = Unknown("no run of either arm reached the target accuracy")
        return dict.fromkeys(("epochs", "updates", "seconds"), reason)
    a, b = (np.array([pair[arm][0] for pair in times]) for arm in (0, 1))
    if all(reached and epochs <= 1 for pair in times for epochs, reached in pair):
        return NotApplicable(
            f"both arms reach the target accuracy ({100 * float(np.mean([t for *_, t in known])):.1f} % on average) "
            "within the first epoch"
        )
    missed = sum(not reached for pair in times for _, reached in pair)
    notes = (
        *(
            [f"{missed} of {2 * len(times)} runs ended before the target and count with all their epochs."]
            * bool(missed)
        ),
        *([f"{unknown} pairs of which neither run reached the target are left out."] * bool(unknown)),
    )
    target = (
        f"to {100 * evidence.target_accuracy:.1f} % validation accuracy"
        if evidence.target_accuracy is not None
        else f"to {100 * PART_OF_BEST:.0f} % of the better arm's final validation accuracy"
    )

    def effect(quantity: str, factors: tuple[np.ndarray, np.ndarray], unit: Unit) -> Effect | Unknown:
        made = of_ratios(quantity, a * factors[0], b * factors[1], Better.SMALLER, margin=MARGIN, unit=unit)
        if isinstance(made, Effect) and notes:
            return replace(made, notes=(*made.notes, *notes))
        return made

    ones = np.ones(len(known))
    steps = [np.array([float(pair[arm].steps) for pair, *_ in known]) for arm in (0, 1)]
    runs = [[pair[arm] for pair, *_ in known] for arm in (0, 1)]
    choice = choose_clock(
        {
            name: [run.record for run in group]
            for name, group in zip((evidence.a, evidence.b), runs, strict=True)
        }
    )
    found: dict[str, Effect | Unknown] = {
        "epochs": effect(f"the number of epochs {target}", (ones, ones), Unit.NUMBER),
        "updates": effect(f"the number of updates {target}", (steps[0], steps[1]), Unit.NUMBER)
        if all((group > 0).all() for group in steps)
        else Unknown("how many updates an epoch has is not known"),
    }
    seconds = [_per_epoch(group, choice.clock) for group in runs]
    if choice.clock is Clock.NONE or any(value is None for group in seconds for value in group):
        found["seconds"] = Unknown(
            "seconds of training cannot be compared, since the load at run time was too uneven"
        )
    else:
        first, second = (np.array(group, float) for group in seconds)
        found["seconds"] = effect(f"the time in {choice.clock.words} {target}", (first, second), Unit.SECONDS)
    return found


CLAIM = Claim(
    name="faster",
    sentence="trains faster",
    definition=(
        "Time to 90 % of the better arm's final validation accuracy, pair by pair, at the learning rate that both arms "
        "have; by three clocks: epochs, updates, and seconds of training without compiling and evaluating. A tenth "
        "less does not matter."
    ),
    source=(
        "Ioffe and Szegedy (2015), arXiv 1502.03167, section 4.2; against it Bjorck et al. (2018), arXiv 1806.02375: "
        "the gain is that of a larger learning rate"
    ),
    runs="Both arms as they are, with common seeds.",
    cost="None beyond the comparison.",
    needs=(Need.COMPARISON,),
    definitions=(
        Definition("epochs", "it takes fewer epochs"),
        Definition("updates", "it takes fewer updates"),
        Definition("seconds", "it takes less time"),
    ),
    examine=examine,
)
