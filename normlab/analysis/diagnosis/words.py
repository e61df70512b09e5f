"""Numbers and lists in the sentences of findings."""

from collections.abc import Sequence

from normlab.analysis.diagnosis.observed import Observed


def share(fraction: float) -> str:
    """A part of a whole: ``62 %``, ``0.4 %``; of what outgrew it ``4e+13 %``."""
    value = 100 * fraction
    return (
        f"{figure(value) if value >= 1000 else round(value)} %"
        if value >= 10 or value == 0
        else f"{value:.2g} %"
    )


def points(fraction: float) -> str:
    """A difference of accuracies: ``4.2 percentage points``."""
    return f"{100 * fraction:.1f} percentage points"


def figure(value: float) -> str:
    """Any number, in a form that people write: ``0.24``, ``31.6``, ``1,900``, ``4e-05``."""
    if value and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.1g}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def part_of(ratio: float) -> str:
    """A small part, as ``1/410,000``."""
    return f"1/{1 / ratio:,.0f}" if ratio >= 1e-9 else "less than a billionth"


def named(layers: Sequence[str]) -> str:
    """Layers in a sentence; of many the first and the last."""
    if len(layers) == 1:
        return layers[0]
    if len(layers) == 2:
        return f"{layers[0]} and {layers[1]}"
    return f"{len(layers)} layers ({layers[0]} to {layers[-1]})"


def when(epochs: Sequence[int], run: Observed) -> str:
    """From which epoch to which it was seen; ``run`` says whether that is the end of the run."""
    first, last = min(epochs), max(epochs)
    begin = "the start" if first == 0 else f"epoch {first}"
    latest = max((epoch.epoch for epoch in run.epochs), default=last)
    if first == last:
        return "at the start" if first == 0 else f"in epoch {first}"
    return f"from {begin} on" if last >= latest else f"from {begin} to epoch {last}"
