"""The luck of the seeds apart from the luck of the test set.

Every run keeps, for each test example, whether it was right. Other seeds would give other accuracies, and so
would another test set of the same size; these are two sources of chance, and an interval over seeds knows of
the first only.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from normlab.analysis.basis import Basis, alone
from normlab.analysis.documents import to_plain
from normlab.analysis.intervals import RESAMPLES, Interval
from normlab.analysis.validation import Floats, as_generator, as_matrix, check_confidence

Counts = NDArray[np.int64]

_THESE_NETWORKS = "these same trained networks, and test examples that do not depend on each other"
_BOTH_DRAWN = "runs and test examples that do not depend on each other, whose effects add up"


@dataclass(frozen=True)
class McNemar:
    """Two trained networks on the same test examples."""

    only_a_right: int
    only_b_right: int
    difference: float
    """Accuracy of b minus accuracy of a."""
    p_value: float

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document


def mcnemar(correct_a: ArrayLike, correct_b: ArrayLike) -> McNemar:
    """The exact McNemar test: of the examples that only one network has right, is the half right in each?

    ``correct_a`` and ``correct_b`` are booleans of shape (examples,), in the same order of examples. It
    compares these two trained networks, not the recipes that made them: another seed may turn it round. Two
    networks that are right on the same examples have p = 1. Raises ``ValueError`` where shapes differ or are
    not flat.

    Sources: McNemar (1947), Psychometrika 12; Dietterich (1998), Approximate statistical tests for comparing
    supervised classification learning algorithms; the binomial test is ``scipy.stats.binomtest``.
    """
    a, b = _tables(correct_a, correct_b)
    if len(a) != 1:
        raise ValueError("McNemar's test compares one run of each arm: give the test examples of one")
    return mcnemar_of_runs(a, b)[0]


def mcnemar_of_runs(correct_a: ArrayLike, correct_b: ArrayLike) -> tuple[McNemar, ...]:
    """``mcnemar`` of each row of two tables of shape (runs, examples)."""
    a, b = (table > 0 for table in _tables(correct_a, correct_b))
    only_a, only_b = (a & ~b).sum(axis=1), (b & ~a).sum(axis=1)  # (runs,)
    p_values = _p_values_of_one_half(only_b, only_a + only_b).tolist()
    counts = zip(only_a.tolist(), only_b.tolist(), p_values, strict=True)
    return tuple(McNemar(for_a, for_b, (for_b - for_a) / a.shape[1], p) for for_a, for_b, p in counts)


def _p_values_of_one_half(right: Counts, of: Counts) -> Floats:
    """The two-sided p value of so many successes in so many tries under a chance of one half, for each; 1 of none.

    The same as ``scipy.stats.binomtest``, which takes one after the other: the distribution is symmetric, so all that
    is as improbable on the other side begins at the mirrored number.
    """
    fewer = np.minimum(right, of - right)
    p_values = stats.binom.cdf(fewer, of, 0.5) + stats.binom.sf(of - fewer - 1, of, 0.5)
    return np.where(2 * fewer >= of - 1, 1.0, np.minimum(1.0, p_values))


@dataclass(frozen=True)
class ExampleBootstrap:
    """How much another test set of the same size would have changed the difference of these trained networks."""

    difference: float
    """Mean over runs and examples of b - a."""
    standard_error: float
    """Of that mean, if the test examples were drawn anew and the networks stayed."""
    interval: Interval
    """The bootstrap's percentile interval."""
    basis: Basis
    """Of ``interval``. It is for these trained networks: what other seeds would give is not in it."""
    share_above_zero: float
    """The share of resampled test sets on which b is ahead; a tie counts half."""
    examples: int
    resamples: int

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document


def example_bootstrap(
    correct_a: ArrayLike,
    correct_b: ArrayLike,
    *,
    confidence: float = 0.95,
    rng: np.random.Generator | int | None = None,
) -> ExampleBootstrap:
    """The paired bootstrap over test examples: draw as many examples with replacement, 9,999 times, and look at the
    difference of the arms' mean accuracies on each.

    ``correct_a`` and ``correct_b`` are booleans of shape (runs, examples), or (examples,) for one run of each, in the
    same order of examples. An example is drawn with what all runs made of it, so that what makes it hard for all of
    them cancels. The runs stay: what other seeds would give is not in the interval. With some hundred examples or
    more it is good; of ten it says little.

    Sources: Efron & Tibshirani (1993), An introduction to the bootstrap, ch. 13; Koehn (2004), Statistical significance
    tests for machine translation evaluation, for pairing by example. An example's difference has at most 2 · runs + 1
    values, so the counts of these are drawn, which is the same and takes milliseconds.
    """
    a, b = _tables(correct_a, correct_b)
    check_confidence(confidence)
    runs, examples = a.shape
    # In whole units of 1 / runs, in which sums are exact.
    values, counts = np.unique((b - a).sum(axis=0), return_counts=True)
    drawn = as_generator(rng).multinomial(examples, counts / examples, size=RESAMPLES)  # (resamples, values)
    sums = drawn @ values
    means = sums / (runs * examples)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return ExampleBootstrap(
        difference=float(counts @ values) / (runs * examples),
        standard_error=float(means.std(ddof=1)),
        interval=Interval(float(low), float(high)),
        basis=alone(confidence, _THESE_NETWORKS),
        share_above_zero=float(np.mean(np.sign(sums) + 1) / 2),
        examples=examples,
        resamples=RESAMPLES,
    )


@dataclass(frozen=True)
class VarianceSources:
    """Where the uncertainty of a mean difference of test accuracies comes from. All are standard errors of
    that mean, in units of accuracy."""

    difference: float
    """Mean over runs and examples of b - a."""
    seeds: float
    """If other seeds were drawn and the test set stayed."""
    test_set: float
    """If another test set were drawn and the seeds stayed."""
    both: float
    """If both were drawn anew."""
    share_of_test_set: float | None
    """Of the variance for both drawn anew, the part that more seeds cannot reduce. None when there is no
    variance."""
    interval: Interval
    """For the difference with both drawn anew; by the normal distribution where examples rule, so with few
    seeds it is approximate."""
    basis: Basis
    """Of ``interval``."""

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document


def variance_sources(
    correct_a: ArrayLike, correct_b: ArrayLike, *, confidence: float = 0.95
) -> VarianceSources:
    """Tell the variance from seeds and from the finite test set apart.

    ``correct_a`` and ``correct_b`` are booleans of shape (runs, examples), runs paired by seed, at least two
    of them.

    The differences D[r, e] = b - a in {-1, 0, 1} are taken as mean + run effect + example effect + rest,
    both effects random and crossed. Other seeds alone give the standard error √(MS_run / RE), which is that of the
    runs' accuracies; other examples alone √(MS_example / RE). Both = √(run / R + example / E + rest / RE) with the
    variances that the mean squares give (those below zero are set to zero): the rest, that some examples suit some
    seeds, changes with either, so it is in both of the single ones and once in ``both``, which is never less than
    either.

    Source: Searle, Casella & McCulloch (1992), Variance components, ch. 4 (two-way crossed, one observation
    per cell).
    """
    a, b = _tables(correct_a, correct_b)
    runs, examples = a.shape
    if runs < 2 or examples < 2:
        raise ValueError(
            f"telling seeds from test set needs at least 2 runs and 2 examples, got {runs} and {examples}"
        )
    found = crossed_effects(b - a)
    both = found.run + found.example + found.rest
    return VarianceSources(
        difference=found.mean,
        seeds=math.sqrt(found.run_square / (runs * examples)),
        test_set=math.sqrt(found.example_square / (runs * examples)),
        both=math.sqrt(both),
        share_of_test_set=found.example / both if both else None,
        interval=found.interval(confidence),
        basis=alone(confidence, _BOTH_DRAWN),
    )


@dataclass(frozen=True)
class CrossedEffects:
    """A mean over runs and examples whose effects are both random."""

    mean: float
    run: float
    """The part of the mean's variance that is the runs'."""
    example: float
    rest: float
    run_square: float
    """Mean square of the runs."""
    example_square: float
    freedom: float
    """Degrees of freedom of the variance: the runs' share has few, the examples' share has many (Satterthwaite
    1946)."""

    @property
    def standard_error(self) -> float:
        """If runs and examples were both drawn anew."""
        return math.sqrt(self.run + self.example + self.rest)

    def interval(self, confidence: float) -> Interval:
        """For the mean, if both were drawn anew."""
        half = float(stats.t.ppf((1 + check_confidence(confidence)) / 2, self.freedom)) * self.standard_error
        return Interval(self.mean - half, self.mean + half)

    @property
    def p_value(self) -> float:
        """Two-sided, that the mean is zero."""
        if not self.standard_error:
            return float(self.mean == 0)
        return float(2 * stats.t.sf(abs(self.mean) / self.standard_error, self.freedom))


def crossed_effects(d: Floats) -> CrossedEffects:
    """Of values of shape (runs, examples), at least two of each; see ``variance_sources`` for the model."""
    runs, examples = d.shape
    mean = float(d.mean())
    by_run, by_example = d.mean(axis=1) - mean, d.mean(axis=0) - mean  # (R,), (E,)
    run_squares, example_squares = examples * float(by_run @ by_run), runs * float(by_example @ by_example)
    rest = d - mean - by_run[:, None] - by_example
    ms_run, ms_example = run_squares / (runs - 1), example_squares / (examples - 1)
    ms_rest = float(np.vdot(rest, rest)) / ((runs - 1) * (examples - 1))
    of_run = max(0.0, (ms_run - ms_rest) / examples) / runs
    of_example = max(0.0, (ms_example - ms_rest) / runs) / examples
    of_rest = ms_rest / (runs * examples)
    both = of_run + of_example + of_rest
    freedom = (
        both**2 / (((of_run + of_rest) ** 2 / (runs - 1)) + ((of_example + of_rest) ** 2 / (examples - 1)))
        if both
        else 1.0
    )
    return CrossedEffects(mean, of_run, of_example, of_rest, ms_run, ms_example, freedom=max(1.0, freedom))


def _tables(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    """Two tables of test examples, right as 1 and wrong as 0, shape (runs, examples); flat ones are one run."""
    first, second = as_matrix("correct_a", a, or_row=True), as_matrix("correct_b", b, or_row=True)
    if first.shape != second.shape:
        raise ValueError(
            f"both arms should have the same runs and test examples, but their shapes are {first.shape} "
            f"and {second.shape}"
        )
    known = all(np.asarray(given).dtype == np.bool_ for given in (a, b))
    if not known and not np.all(np.isin(first, (0, 1)) & np.isin(second, (0, 1))):
        raise ValueError("the tables should say for each test example whether it was right: True or False")
    return first, second
