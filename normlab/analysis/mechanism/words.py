"""What differs inside two arms, in sentences made from the numbers."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite, log

from normlab.analysis.mechanism.quantities import QUANTITIES, Quantity, Scale
from normlab.analysis.mechanism.result import SeriesDifference
from normlab.spec.replicates import MIN_PAIRS

NOTABLE_RATIO, NOTABLE_DIFFERENCE = 1.1, 0.02
"""A difference below it may be certain, and is not told: a tenth of a step's size, two points of a share."""

METHOD = (
    "For each quantity, layer and point both arms' values are subtracted seed by seed (of ratios their logarithms), "
    "with Student's interval over the seeds. A series is tested from its start on and from its end back, as far as it "
    "differs without a gap, and Holm's procedure is applied to these chains (Bretz et al. 2009): each single sentence "
    "is to hold, not only most of them, as a false discovery rate would promise. Intervals are corrected for all "
    "chains (Bonferroni). With few seeds the t test rests on differences that are roughly normal."
)


def told(series: SeriesDifference, quantity: Quantity, a: str, b: str) -> str:
    """One series that differs: by how much where it was seen last, and from when to when."""
    at = series.last
    if at is None:
        return ""
    low, high = series.low[at], series.high[at]
    if series.scale is Scale.RATIO:
        size = f"{_figure(series.difference[at])} times as large, {_figure(low)} to {_figure(high)}"
    else:
        size = f"a difference of {_figure(series.difference[at])}, {_figure(low)} to {_figure(high)}"
    what = quantity.named(series.layer)
    values = f"{_figure(series.mean_a[at])} in {a} and {_figure(series.mean_b[at])} in {b}"
    return f"{what[0].upper()}{what[1:]} is {values} ({size}), {_when(series)}."


def highlights(series: Sequence[SeriesDifference]) -> Iterator[str]:
    """Of each quantity the layer in which it differs first, or most of several; the earliest quantity first."""
    best = [
        max(group, key=lambda one: (*_earliness(one), _size(one)))
        for group in _notable_by_quantity(series).values()
    ]
    yield from (one.sentence for one in sorted(best, key=_earliness, reverse=True))


def paragraph(
    arms: tuple[str, str],
    pairs: int,
    series: Sequence[SeriesDifference],
    said: Sequence[str],
    confidence: float,
) -> str:
    """What was looked at, what differs first, and what that does not show."""
    a, b = arms
    if pairs < MIN_PAIRS:
        return (
            f"{a} and {b} have {pairs} measured pair{'s' * (pairs != 1)}: at least {MIN_PAIRS} are needed to tell what "
            "differs inside from the luck of the seeds."
        )
    if not series:
        return f"Nothing that can be compared was measured in both {a} and {b}."
    layers = len({one.layer for one in series if one.layer})
    quantities = len({(one.probe, one.statistic) for one in series})
    looked = (
        f"{quantities} quantities at {layers} layers of {a} and {b} were compared in {pairs} pairs "
        f"({len(series)} series; all claims hold together at {100 * confidence:g} %)."
    )
    if not said:
        return f"{looked} Nothing notable could be told apart."
    return (
        f"{looked} {_what_differs(series)} First: {said[0]} All of this goes along with what was "
        "changed and with what follows from it; it does not show which of it makes the difference in the result."
    )


def _what_differs(series: Sequence[SeriesDifference]) -> str:
    """How many series differ, and of which quantities all of them are."""
    notable = _notable_by_quantity(series)
    apart = sum(one.first is not None for one in series)
    listed = ", ".join(
        f"{quantity.name}{_at_layers(notable[key])}"
        for quantity in QUANTITIES
        if (key := (quantity.probe, quantity.statistic)) in notable
    )
    small = apart - sum(map(len, notable.values()))
    rest = (
        f"; {small} more by less than {100 * (NOTABLE_RATIO - 1):.0f} % of a size or {NOTABLE_DIFFERENCE:g} of a share"
        if small
        else ""
    )
    return f"{apart} series differ{'s' * (apart == 1)}: {listed}{rest}."


def _at_layers(group: Sequence[SeriesDifference]) -> str:
    layers = [one.layer for one in group if one.layer]
    if not layers:
        return ""
    return f" ({layers[0]})" if len(layers) == 1 else f" ({len(layers)} layers)"


def _notable_by_quantity(
    series: Sequence[SeriesDifference],
) -> Mapping[tuple[str, str], Sequence[SeriesDifference]]:
    """Series that differ by enough to be told, by probe and statistic."""
    groups: dict[tuple[str, str], list[SeriesDifference]] = {}
    for one in series:
        if one.first is not None and _is_notable(one):
            groups.setdefault((one.probe, one.statistic), []).append(one)
    return groups


def quantity_words(lacking: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Quantities by name."""
    yield from (f"{q.probe}.{q.statistic}" for q in QUANTITIES if (q.probe, q.statistic) in lacking)


def _size(one: SeriesDifference) -> float:
    """How much a series differs, at its most."""
    sizes = [
        abs(log(value)) if one.scale is Scale.RATIO else abs(value)
        for value, apart in zip(one.difference, one.told_apart, strict=True)
        if apart
    ]
    return max(sizes, default=0.0)


def _is_notable(one: SeriesDifference) -> bool:
    least = log(NOTABLE_RATIO) if one.scale is Scale.RATIO else NOTABLE_DIFFERENCE
    return _size(one) >= least


def _earliness(one: SeriesDifference) -> tuple[float, ...]:
    """Larger for what differs earlier."""
    first = one.first or 0
    step = one.steps[first]
    return (-one.epochs[first], -(2.0**31 if step is None else step))


def _when(series: SeriesDifference) -> str:
    first, last = series.first or 0, series.last or 0
    if last == first:
        return f"at {_point(series, first)} only" if len(series.epochs) > 1 else f"at {_point(series, first)}"
    through = all(series.told_apart[first : last + 1])
    gap = "" if through else ", not at all points between"
    if last == len(series.epochs) - 1:
        return f"from {_point(series, first)} on{gap}"
    return f"from {_point(series, first)} to {_point(series, last)}{gap}"


def _point(series: SeriesDifference, at: int) -> str:
    epoch, step = series.epochs[at], series.steps[at]
    if epoch == 0:
        return "the start"
    return f"the end of epoch {epoch}" if step is None else f"step {step}"


def _figure(value: float) -> str:
    if not isfinite(value):
        return "no bound"
    if value and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.1e}".replace("-", "\N{MINUS SIGN}")
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")
