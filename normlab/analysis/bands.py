"""Two arms' learning curves as a whole: where along them is a difference shown, with one error for all
epochs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from normlab.analysis.basis import Basis, alone
from normlab.analysis.documents import to_plain
from normlab.analysis.intervals import NO_INTERVAL, Interval, unit_of
from normlab.analysis.validation import ROUNDING, Floats, as_generator, as_matrix, check_confidence

_SUPPOSES = (
    "pairs that do not depend on each other, and differences that are roughly normal at all epochs together"
)
_DRAWS = 4_000
_BLOCK = 2_000_000


@dataclass(frozen=True)
class DifferenceBand:
    """A simultaneous confidence band for the mean difference ``b - a`` over epochs 1 to E."""

    difference: tuple[float, ...]
    band: tuple[Interval, ...]
    """The whole true curve lies inside with the given confidence."""
    critical_value: float
    """How many standard errors wide the band is to each side; infinite with one pair."""
    pairs: int
    confidence: float
    basis: Basis
    """Of the band as a whole."""
    reading: str

    @property
    def leaves_zero(self) -> bool:
        """Whether a difference is shown at some epoch."""
        return any(interval.excludes_zero() for interval in self.band)

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document


def difference_band(
    a: ArrayLike,
    b: ArrayLike,
    *,
    basis: Basis | None = None,
    confidence: float = 0.95,
    higher_is_better: bool = True,
    names: tuple[str, str] = ("a", "b"),
    rng: np.random.Generator | int | None = None,
) -> DifferenceBand:
    """The sup-t band for the mean of ``b - a`` over epochs; ``a`` and ``b`` have shape (pairs, epochs).

    At each epoch the band is mean ± c · sd / √n with one c for all epochs, so that the largest |t| over the epochs
    stays below c with the given confidence. c is the quantile of that largest |t| for normal data with the epochs'
    observed correlation, drawn by simulation. A correlation seen in n pairs looks stronger than it is, so it is drawn
    towards zero by 1/√n (found by simulation to keep the promise); Bonferroni's value bounds c from above.

    ``basis`` gives the level where it is corrected for something; else it is ``confidence``.

    Reading this band answers "from which epoch to which", where a test at each epoch would find some
    difference in most comparisons of an arm with itself. Raises ``ValueError`` for tables that do not fit
    each other.

    Source: Montiel Olea & Plagborg-Møller (2019), Simultaneous confidence bands: theory, implementation, and
    an application to SVARs, J. Appl. Econometrics 34.
    """
    curves = _Curves.of(a, b, basis or alone(confidence, ""), names if higher_is_better else names[::-1])
    return _bands([curves], as_generator(rng))[0]


@dataclass(frozen=True)
class CurvesOfTwo:
    """What ``difference_band`` takes of two arms."""

    a: ArrayLike
    b: ArrayLike
    basis: Basis
    names: tuple[str, str]


def difference_bands(pairs: Sequence[CurvesOfTwo], *, higher_is_better: bool) -> list[DifferenceBand]:
    """``difference_band`` of each of several pairs of arms. What is drawn for tables of one shape is drawn once."""
    curves = [
        _Curves.of(pair.a, pair.b, pair.basis, pair.names if higher_is_better else pair.names[::-1])
        for pair in pairs
    ]
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for index, pair in enumerate(curves):
        by_shape.setdefault(pair.with_spread.shape, []).append(index)
    found: dict[int, DifferenceBand] = {}
    for group in by_shape.values():
        found |= zip(group, _bands([curves[index] for index in group], as_generator(None)), strict=True)
    return [found[index] for index in range(len(pairs))]


@dataclass(frozen=True)
class _Curves:
    """The differences of two arms' curves."""

    d: Floats
    """In units of ``unit``, shape (pairs, epochs)."""
    unit: float
    sd: Floats
    """Of each epoch, shape (epochs,)."""
    basis: Basis
    names: tuple[str, str]
    """Of the arms behind below and above zero."""

    @classmethod
    def of(cls, a: ArrayLike, b: ArrayLike, basis: Basis, names: tuple[str, str]) -> "_Curves":
        first, second = as_matrix("a", a), as_matrix("b", b)
        if first.shape != second.shape:
            raise ValueError(
                f"a and b should have the same pairs and epochs, but their shapes are {first.shape} and "
                f"{second.shape}: give the epochs that all runs have"
            )
        check_confidence(basis.level)
        unit = unit_of(first, second)
        d = second / unit - first / unit  # (n, E)
        d[np.abs(d) <= ROUNDING] = 0.0
        sd = d.std(axis=0, ddof=1) if len(d) > 1 else np.zeros(d.shape[1])
        sd[sd <= ROUNDING] = 0.0
        return cls(d, unit, sd, replace(basis, supposes=_SUPPOSES), names)

    @property
    def with_spread(self) -> Floats:
        """The differences at those epochs where they differ from pair to pair."""
        return self.d[:, self.sd > 0]

    def band(self, critical: float) -> DifferenceBand:
        """The band that is so many standard errors wide to each side."""
        n, epochs = self.d.shape
        mean = self.d.mean(axis=0)  # (E,)
        if n == 1:
            band: tuple[Interval, ...] = (NO_INTERVAL,) * epochs
        else:
            half = critical * self.sd / np.sqrt(n)
            ends = zip((mean - half).tolist(), (mean + half).tolist(), strict=True)
            band = tuple(Interval(low, high).times(self.unit) for low, high in ends)
        return DifferenceBand(
            difference=tuple((mean * self.unit).tolist()),
            band=band,
            critical_value=critical,
            pairs=n,
            confidence=self.basis.level,
            basis=self.basis,
            reading=_reading(band, self.names),
        )


def _bands(curves: Sequence[_Curves], rng: np.random.Generator) -> list[DifferenceBand]:
    """The bands of curves of one shape."""
    n, epochs = curves[0].with_spread.shape
    if n == 1 or not epochs:
        return [pair.band(float("inf") if n == 1 else 0.0) for pair in curves]
    levels = [pair.basis.level for pair in curves]
    bonferroni = [float(stats.t.isf((1 - level) / 2 / epochs, n - 1)) for level in levels]
    if epochs == 1:
        return [pair.band(critical) for pair, critical in zip(curves, bonferroni, strict=True)]
    largest = _largest_t([pair.with_spread for pair in curves], rng)
    return [
        pair.band(min(bound, float(np.quantile(drawn, level))))
        for pair, bound, drawn, level in zip(curves, bonferroni, largest, levels, strict=True)
    ]


def _largest_t(tables: Sequence[Floats], rng: np.random.Generator) -> Floats:
    """The largest |t| over the epochs in each draw of normal data with the correlation of each table, which all have
    the shape (n, E) and some spread at every epoch; shape (tables, draws). All tables get the same random numbers.
    """
    n, epochs = tables[0].shape
    shrinkage = 1 / np.sqrt(n)
    # (E, n): loadings @ loadings.T is the shrunken correlation but for its diagonal, to which each epoch's own
    # part is added.
    loadings = [
        ((d - d.mean(axis=0)) / d.std(axis=0, ddof=1)).T * np.sqrt((1 - shrinkage) / (n - 1)) for d in tables
    ]
    own = np.sqrt(shrinkage)
    largest = np.empty((len(tables), _DRAWS))
    block = max(1, _BLOCK // (n * epochs))
    for start in range(0, _DRAWS, block):
        draws = min(block, _DRAWS - start)
        common = rng.standard_normal((draws, n, n))
        apart = own * rng.standard_normal((draws, n, epochs))
        for of_table, loading in zip(largest, loadings, strict=True):
            x = common @ loading.T + apart  # (draws, n, E)
            mean = x.mean(axis=1)
            x -= mean[:, None]
            x *= x
            sd = np.sqrt(x.sum(axis=1) / (n - 1))
            of_table[start : start + draws] = (np.abs(mean) / (sd / np.sqrt(n))).max(axis=1)
    return largest


def _reading(band: Sequence[Interval], names: tuple[str, str]) -> str:
    """Who is ahead from which epoch to which. ``names`` are those of the arms behind below and above zero."""
    states = [names[1] if interval.low > 0 else names[0] if interval.high < 0 else None for interval in band]
    if not any(states):
        return "No difference shown at any epoch."
    parts, epoch = [], 1
    for state, group in groupby(states):
        length = len(list(group))
        last = epoch + length - 1
        where = f"at epoch {epoch}" if length == 1 else f"from epoch {epoch} to {last}"
        if state is None and last == len(states):
            where = "after"
        parts.append(f"{state} ahead {where}" if state else f"no difference shown {where}")
        epoch += length
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if states[0] is None else f"{text}."
