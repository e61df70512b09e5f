"""How often the statistics are wrong, by simulation: run it to print the tables of docs/statistics.md.

    python bench/statistics_simulation.py [--repeats 2000] [--seed 1]

An arm is compared with itself (``better`` is then wrong), with an arm that lies exactly a margin away
(``equivalent`` is then wrong) and with one that is really better (anything but ``better`` is then a miss).
Accuracies are drawn in six shapes. The verdicts are those of ``compare_paired`` itself; it is asked only
where Student's interval, worked out for all repeats at once, leaves the verdict in question open, since it
cannot give that verdict elsewhere.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from normlab.analysis import (
    StoppingPlan,
    Verdict,
    compare_arms,
    compare_paired,
    compare_until_decided,
    difference_band,
)
from normlab.analysis.earlier_looks import PlannedLook, earlier_looks
from normlab.analysis.intervals import Bootstrap
from normlab.spec.replicates import Replicates

Floats = NDArray[np.float64]
BETTER = (Verdict.A_BETTER, Verdict.B_BETTER)
PAIRS = (3, 5, 10, 20)
LOOKS_AGAIN = ((3, 4, 5, 6), (5, 10, 20), (6, 8, 10))
"""Numbers of pairs of comparisons of the same runs, one after the other, that nobody planned as looks."""


@dataclass(frozen=True)
class Shape:
    """A distribution of deviations of accuracies from their mean, with a spread of about 0.003."""

    name: str
    draw: Callable[[np.random.Generator, tuple[int, ...]], Floats]
    step: float | None = None
    """Values of a discrete shape are whole multiples of this."""


SHAPES = (
    Shape("normal", lambda rng, shape: rng.normal(0, 0.003, shape)),
    Shape("skewed (log-normal)", lambda rng, shape: 0.0014 * (np.exp(0.5) - rng.lognormal(0, 1, shape))),
    Shape("heavy-tailed (t, 2 d.f.)", lambda rng, shape: 0.002 * rng.standard_t(2, shape)),
    Shape("discrete (100 examples)", lambda rng, shape: rng.binomial(100, 0.85, shape) / 100 - 0.85, 0.01),
    Shape("coarse (two digits)", lambda rng, shape: np.round(rng.normal(0, 0.01, shape), 2), 0.01),
    Shape(
        "runs that collapse (1 in 5)",
        lambda rng, shape: 0.15 - 0.75 * (rng.random(shape) < 0.2) + rng.normal(0, 0.003, shape),
    ),
)


def half_widths(d: Floats, confidence: float = 0.95) -> Floats:
    """Half the width of Student's interval for each row of differences, shape (repeats, pairs)."""
    n = d.shape[1]
    widths: Floats = stats.t.ppf((1 + confidence) / 2, n - 1) * d.std(axis=1, ddof=1) / np.sqrt(n)
    return widths


def rate_of_better(a: Floats, b: Floats) -> float:
    """How often ``compare_paired`` finds an arm better; rows of ``a`` and ``b`` are comparisons."""
    d = b - a
    candidates = np.flatnonzero(np.abs(d.mean(axis=1)) >= 0.999 * half_widths(d))
    return sum(compare_paired(a[i], b[i]).verdict in BETTER for i in candidates) / len(a)


def rate_of_equivalent(a: Floats, b: Floats, margin: float) -> float:
    """How often ``compare_paired`` finds the arms equivalent."""
    d = b - a
    candidates = np.flatnonzero(np.abs(d.mean(axis=1)) + half_widths(d) <= 1.001 * margin)
    found = (compare_paired(a[i], b[i], equivalence_margin=margin).verdict for i in candidates)
    return sum(verdict is Verdict.EQUIVALENT for verdict in found) / len(a)


def false_better(shape: Shape, pairs: int, repeats: int, rng: np.random.Generator) -> float:
    """How often an arm is found better than itself."""
    a, b = shape.draw(rng, (2, repeats, pairs))
    return rate_of_better(0.85 + a, 0.85 + b)


def false_better_until_decided(
    shape: Shape, plan: StoppingPlan, repeats: int, rng: np.random.Generator
) -> float:
    """How often an arm is found better than itself when one looks after every pair until it is decided."""
    a, b = shape.draw(rng, (2, repeats, plan.maximum))
    a, b = 0.85 + a, 0.85 + b
    candidates: set[int] = set()
    for n, alpha in zip(plan.looks, plan.alphas, strict=True):
        d = b[:, :n] - a[:, :n]
        candidates |= set(
            np.flatnonzero(np.abs(d.mean(axis=1)) >= 0.999 * half_widths(d, 1 - alpha)).tolist()
        )
    wrong = 0
    for i in candidates:
        found = compare_until_decided(a[i], b[i], plan).comparison
        wrong += found is not None and found.verdict in BETTER
    return wrong / repeats


def looking_without_a_plan(plan: StoppingPlan, repeats: int, rng: np.random.Generator) -> float:
    """The same with Student's test at 5 % at every look: what the plan is there to prevent."""
    d = rng.normal(size=(repeats, plan.maximum))
    ever = np.zeros(repeats, dtype=bool)
    for n in plan.looks:
        ever |= np.abs(d[:, :n].mean(axis=1)) > half_widths(d[:, :n])
    return float(ever.mean())


def looks_of(sizes: Sequence[int]) -> list[PlannedLook]:
    """Comparisons of the same two arms with so many pairs each, one after the other, each of the seeds from 0 on."""
    return [
        PlannedLook(str(n), seeds, seeds, pairs=n, plan=Replicates(start=n, max=n), alpha=0.05)
        for n in sizes
        for seeds in [frozenset(range(n))]
    ]


def false_better_looking_again(
    shape: Shape, sizes: Sequence[int], repeats: int, rng: np.random.Generator, *, charged: bool = True
) -> float:
    """How often an arm is found better than itself by any of several comparisons of the same runs, each with more
    pairs; with ``charged`` unset as if each were the only one."""
    a, b = shape.draw(rng, (2, repeats, max(sizes)))
    a, b = 0.85 + a, 0.85 + b
    d = b - a
    candidates: set[int] = set()
    for n in sizes:
        candidates |= set(
            np.flatnonzero(np.abs(d[:, :n].mean(axis=1)) >= 0.999 * half_widths(d[:, :n])).tolist()
        )
    wrong = 0
    for i in candidates:
        before: list[PlannedLook] = []
        for look in looks_of(sizes):
            n = look.pairs
            seen = {("a", "b"): earlier_looks(look, before)} if charged else None
            (pair,) = compare_arms({"a": a[i, :n], "b": b[i, :n]}, before=seen)
            if pair.comparison.verdict in BETTER:
                wrong += 1
                break
            before.append(replace(look, verdict=pair.comparison.verdict))
    return wrong / repeats


def power_looking_again(
    effect_size: float, sizes: Sequence[int], repeats: int, rng: np.random.Generator
) -> float:
    """How often the last of several comparisons finds a real difference, or one before it."""
    none, found = np.zeros(max(sizes)), 0
    for d in rng.normal(effect_size, 1, (repeats, max(sizes))):
        before: list[PlannedLook] = []
        for look in looks_of(sizes):
            n = look.pairs
            (pair,) = compare_arms(
                {"a": none[:n], "b": d[:n]}, before={("a", "b"): earlier_looks(look, before)}
            )
            if pair.comparison.verdict in BETTER:
                found += 1
                break
            before.append(replace(look, verdict=pair.comparison.verdict))
    return found / repeats


def uneven(shape: Shape, pairs: int, repeats: int, rng: np.random.Generator) -> Floats:
    """Differences of an arm and one that varies twice as much: they are as skewed as the arms are, and 0 in
    truth."""
    a, b = shape.draw(rng, (2, repeats, pairs))
    return 2 * b - a


def student_coverage(d: Floats) -> float:
    """How often Student's interval holds the true difference, 0."""
    return float(np.mean(np.abs(d.mean(axis=1)) <= half_widths(d)))


def bca_coverage(d: Floats, rng: np.random.Generator) -> float:
    """The same for the bootstrap's BCa interval."""
    return float(np.mean([not Bootstrap(row, rng).interval(0.95).excludes_zero() for row in d]))


def false_equivalent(shape: Shape, pairs: int, repeats: int, rng: np.random.Generator) -> float:
    """How often arms that lie exactly the margin apart are found equivalent: the worst over margins of 1 to
    8 times the spread, rounded to whole steps for a discrete shape."""
    worst = 0.0
    spread = float(np.std(shape.draw(rng, (20_000,))))
    for times in (1, 2, 4, 8):
        margin = times * spread
        if shape.step:
            margin = max(1, round(margin / shape.step)) * shape.step
        a, b = shape.draw(rng, (2, repeats, pairs))
        worst = max(worst, rate_of_equivalent(0.5 + a, 0.5 + b + margin, margin))
    return worst


def power(effect_size: float, pairs: int, repeats: int, rng: np.random.Generator) -> float:
    """How often a real difference of so many standard deviations is found, for normal differences."""
    return rate_of_better(np.zeros((repeats, pairs)), rng.normal(effect_size, 1, (repeats, pairs)))


def power_until_decided(
    effect_size: float, plan: StoppingPlan, repeats: int, rng: np.random.Generator
) -> tuple[float, float]:
    """The same for going on until decided, and the mean number of pairs that it took."""
    none = np.zeros(plan.maximum)
    differences = rng.normal(effect_size, 1, (repeats, plan.maximum))
    # Pairs behind the look that decides change nothing, so all may be given at once.
    found = [compare_until_decided(none, d, plan).comparison for d in differences]
    decided = [state.verdict in BETTER for state in found if state is not None]
    return float(np.mean(decided)), float(np.mean([state.pairs for state in found if state is not None]))


def band_misses(
    pairs: int, correlation: float, repeats: int, rng: np.random.Generator, epochs: int = 10
) -> float:
    """How often the band fails to hold the whole true curve, whose epochs are correlated like this to the
    next."""
    lags = np.abs(np.subtract.outer(np.arange(epochs), np.arange(epochs)))
    loadings = np.linalg.cholesky(correlation**lags)
    missed = 0
    for _ in range(repeats):
        d = rng.normal(size=(pairs, epochs)) @ loadings.T
        missed += any(
            interval.excludes_zero() for interval in difference_band(np.zeros_like(d), d, rng=rng).band
        )
    return missed / repeats


def table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    repeats, rng = options.repeats, np.random.default_rng(options.seed)
    heading = ("accuracies", *(f"{n} pairs" for n in PAIRS))
    plan = StoppingPlan(5, 20)
    from_three = StoppingPlan(3, 20)

    error = percent(float(np.sqrt(0.05 * 0.95 / repeats)))
    print(
        f"{repeats:,} comparisons for each figure unless it says otherwise, seed {options.seed}; the standard error"
    )
    print(f"of a figure of 5 % is then {error}.\n")

    def show(title: str, heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        print(f"### {title}\n\n{table(heading, rows)}\n")
        sys.stdout.flush()

    show("An arm against itself: how often `better` (should be at most 5 %)", heading, [
        (shape.name, *(percent(false_better(shape, n, repeats, rng)) for n in PAIRS)) for shape in SHAPES
    ])  # fmt: skip
    show(
        "An arm against itself, going on until decided (should be at most 5 %)",
        ("accuracies", "5 to 20 pairs", "3 to 20 pairs"),
        [
            (
                shape.name,
                *(percent(false_better_until_decided(shape, p, repeats, rng)) for p in (plan, from_three)),
            )
            for shape in SHAPES
        ],
    )
    naive = looking_without_a_plan(plan, repeats, rng)
    print(f"Student's test at 5 % after every pair from 5 to 20, without a plan: {percent(naive)}.\n")
    rows = []
    for shape in SHAPES:
        drawn = [uneven(shape, n, repeats, rng) for n in PAIRS]
        both = [(student_coverage(d), bca_coverage(d[: max(100, repeats // 4)], rng)) for d in drawn]
        rows.append((shape.name, *(f"{percent(student)} / {percent(bca)}" for student, bca in both)))
    show(
        f"Intervals at 95 %: how often they hold the truth (Student / BCa, this from {max(100, repeats // 4):,})",
        heading,
        rows,
    )
    show("Arms exactly a margin apart: how often `equivalent` (should be at most 5 %)", heading, [
        (shape.name, *(percent(false_equivalent(shape, n, repeats, rng)) for n in PAIRS)) for shape in SHAPES
    ])  # fmt: skip
    rows, some = [], max(50, repeats // 20)
    for effect in (0.5, 1.0, 2.0, 4.0):
        rate, used = power_until_decided(effect, plan, some, rng)
        fixed = [percent(power(effect, n, repeats, rng)) for n in PAIRS]
        rows.append((effect, *fixed, percent(rate), f"{used:.1f}"))
    show(
        "Power: how often a real difference is found, by its size in standard deviations of a pair's difference",
        ("difference / sd", *heading[1:], f"5 to 20 until decided ({some:,} comparisons)", "mean pairs used"),
        rows,
    )
    rng = np.random.default_rng((options.seed, 2))  # so that this table can be made again without the others
    rows = []
    for shape in SHAPES:
        rates = [false_better_looking_again(shape, sizes, repeats, rng) for sizes in LOOKS_AGAIN]
        plain = false_better_looking_again(shape, LOOKS_AGAIN[0], repeats, rng, charged=False)
        rows.append((shape.name, *map(percent, rates), percent(plain)))
    names = [" then ".join(map(str, sizes)) for sizes in LOOKS_AGAIN]
    show(
        "An arm against itself, compared again with more pairs until it is better (should be at most 5 %)",
        ("accuracies", *(f"{name} pairs" for name in names), f"{names[0]}, each as if it were the only one"),
        rows,
    )
    rows = [
        (effect, *(percent(power_looking_again(effect, sizes, some, rng)) for sizes in LOOKS_AGAIN))
        for effect in (1.0, 2.0, 4.0)
    ]
    show(
        f"Power of comparing again: how often a real difference is found ({some:,} sequences each)",
        ("difference / sd", *(f"{name} pairs" for name in names)),
        rows,
    )
    few = max(100, repeats // 2)
    rng = np.random.default_rng((options.seed, 1))  # so that this table can be made again without the others
    show(
        f"Bands over 10 epochs: how often they miss the curve somewhere (should be at most 5 %; {few:,} curves each)",
        ("correlation of epochs", *heading[1:]),
        [(rho, *(percent(band_misses(n, rho, few, rng)) for n in PAIRS)) for rho in (0.0, 0.5, 0.9, 0.99)],
    )


if __name__ == "__main__":
    main()
