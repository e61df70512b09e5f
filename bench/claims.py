"""How often trials are wrong, by simulation: the tables of docs/claims.md.

    PYTHONPATH=tests python bench/claims.py [--trials 400] [--seed 1]

Each trial asks all claims together. In a null trial both arms are drawn alike (each with seeds of its own), once from a
network whose gradients vanish and once from a healthy one: any claim that holds is then wrong. In the others one truth
is planted, and anything but its outcome is a miss. Curves and measurements vary from run to run about as those of small
networks on ``digits`` do (``tests/support/claims.py``).
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from normlab.analysis.claims.evidence import Evidence, Paired, Setting
from normlab.analysis.claims.judge import judge
from normlab.analysis.claims.known import larger_rate
from normlab.analysis.claims.known.large_batch import SMALL
from normlab.analysis.claims.registry import all_claims
from normlab.documents.claims import Answer
from support.claims import arm, evidence_of

PAIRS = (3, 5, 10)
SEEDS_OF_A_TRIAL = 4


@dataclass(frozen=True)
class Planted:
    """A truth about the arm with the change."""

    words: str
    claim: str
    answer: Answer
    a: Mapping[str, Any] = field(default_factory=dict)
    b: Mapping[str, Any] = field(default_factory=dict)
    small: Mapping[str, Any] = field(default_factory=dict)
    """Of the arm with the change, with batches of 2."""
    larger: Mapping[str, Any] = field(default_factory=dict)
    """Of the arm without it, at larger rates; without them nothing is run there."""


PLANTED = (
    Planted("half of the epochs, at equal seconds an epoch", "faster", Answer.HOLDS, b={"rate": 0.75}),
    Planted(
        "half of the epochs, each of which takes four times as long",
        "faster",
        Answer.DEPENDS_ON_DEFINITION,
        b={"rate": 0.75, "seconds": 4.0},
    ),
    Planted("an arm that learns nothing", "faster", Answer.HOLDS, a={"guesses": True}),
    Planted("rates too large for one arm", "larger_rate", Answer.HOLDS, larger={"guesses": True}),
    Planted(
        "gradients that change a third as much", "predictive_gradients", Answer.HOLDS, b={"change": 0.33}
    ),
    Planted(
        "a millionth of the gradient left, and half of it",
        "vanishing_gradients",
        Answer.HOLDS,
        a={"left": 1e-6},
        b={"left": 0.5},
    ),
    Planted(
        "a third of the shift by distributions, half more by gradients",
        "covariate_shift",
        Answer.DEPENDS_ON_DEFINITION,
        b={"shift": 0.33, "turn": 1.5},
    ),
    Planted("half of the gap at equal training loss", "regularizes", Answer.HOLDS, b={"gap": 0.5}),
    Planted(
        "20 points lost to stale statistics",
        "stale_statistics",
        Answer.DOES_NOT_HOLD,
        b={"start_share": 0.66, "lost": 0.2},
    ),
    Planted(
        "an input normalization: half of the accuracy kept under noise, not 70 %",
        "robust",
        Answer.DOES_NOT_HOLD,
        b={"kept_in_noise": 0.5},
    ),
    Planted(
        "2 points ahead, and 20 behind with batches of 2",
        "large_batch",
        Answer.HOLDS,
        b={"best": 0.92},
        small={"best": 0.7},
    ),
)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    first = asked.seed * 1_000_000
    print(f"{len(all_claims())} claims asked together, {asked.trials} trials each\n")
    print("An arm against itself: trials in which any claim holds")
    print("| pairs | gradients vanish | healthy | any |\n| --- | --- | --- | --- |")
    for pairs in PAIRS:
        rates = [null_rate(asked.trials, first, pairs, left) for left in (1e-5, 0.5)]
        print(f"| {pairs} | {rates[0]:.1%} | {rates[1]:.1%} | {sum(rates) / 2:.1%} |", flush=True)
    print("\nPlanted truths that are found")
    print(f"| planted | claim | outcome | {' | '.join(f'{pairs} pairs' for pairs in PAIRS)} |")
    print(f"| --- | --- | --- |{' --- |' * len(PAIRS)}")
    for planted in PLANTED:
        found = [found_rate(asked.trials, first, pairs, planted) for pairs in PAIRS]
        rates_words = " | ".join(f"{rate:.1%}" for rate in found)
        print(f"| {planted.words} | {planted.claim} | {planted.answer} | {rates_words} |", flush=True)


def null_rate(trials: int, first: int, pairs: int, left: float) -> float:
    """In which share of null trials any claim holds."""
    held = 0
    for trial in range(trials):
        a, b = (arm(seed=first + SEEDS_OF_A_TRIAL * trial + n, pairs=pairs, left=left) for n in (0, 1))
        held += any(found == Answer.HOLDS for found in answers(evidence_of(a, b, at_settings=True)).values())
    return held / trials


def found_rate(trials: int, first: int, pairs: int, planted: Planted) -> float:
    """In which share of trials the planted truth is the outcome."""
    found = 0
    for trial in range(trials):
        seeds: Sequence[int] = range(first + SEEDS_OF_A_TRIAL * trial, first + SEEDS_OF_A_TRIAL * (trial + 1))
        a, b = arm(seed=seeds[0], pairs=pairs, **planted.a), arm(seed=seeds[1], pairs=pairs, **planted.b)
        small = Paired.of(
            arm(seed=seeds[2], pairs=pairs), arm(seed=seeds[3], pairs=pairs, **(planted.small or planted.b))
        )
        at = {Setting("/training/batch_size", SMALL): small}
        if planted.larger:
            larger = arm(seed=seeds[2] + 1, pairs=pairs, **planted.larger)
            at |= {setting: Paired.of(larger, b) for setting in larger_rate.CLAIM.settings}
        evidence = replace(evidence_of(a, b), at=at)
        found += answers(evidence)[planted.claim] == planted.answer
    return found / trials


def answers(evidence: Evidence) -> Mapping[str, Answer]:
    """Of all claims, by their names."""
    return {found.claim: found.answer for found in judge([*all_claims().values()], evidence)}


if __name__ == "__main__":
    main()
