"""Handwritten digits that lie on their side, as in EMNIST's files: told by the mean picture of each digit.

Only where the classes 0 to 9 are among the classes: of other pictures nobody has said which way is up. The means are
compared with those of scikit-learn's digits, which are upright, each cut to what is written and brought to 8 by 8.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

import numpy as np

from normlab.training.datasets.card.background import edge
from normlab.training.datasets.card.classes import ClassCounts
from normlab.training.datasets.card.finding import Finding
from normlab.training.datasets.card.parts import Floats, Parts, grey
from normlab.training.datasets.card.portraits import ClassMeans
from normlab.training.datasets.card.shrinking import area_means
from normlab.training.datasets.readers.base import Split

LEAST_AGREEMENT = 0.55
"""The mean correlation of the ten means with upright ones, from which on they are taken for digits. MNIST's have 0.65,
and 0.61 at least when means are of 30 pictures; what is only called 0 to 9 has up to 0.50 (Fashion-MNIST) or 0.52
(MNIST with its labels in disorder)."""

LEAST_MARGIN = 0.25
"""By so much an orientation has to agree better than the pictures as they are. MNIST's digits agree by 0.65 upright and
by 0.09 to 0.15 lying; upside down (0.36) and mirrored (0.51) they are too much like upright ones to be told."""

LEAST_PICTURES = 30
"""Of each digit: the mean of fewer is too rough."""

_SIDE = 8
_WRITTEN = 0.1

_ORIENTATIONS: Mapping[str, Callable[[Floats], Floats]] = {
    "transposed (rows and columns swapped, as in EMNIST's files)": np.transpose,
    "turned clockwise by a quarter": lambda mean: np.rot90(mean, 1),
    "turned counterclockwise by a quarter": lambda mean: np.rot90(mean, -1),
}
"""In which way pictures can lie, and what makes them upright again."""


def findings(parts: Parts, counts: ClassCounts, means: ClassMeans) -> Iterable[Finding]:
    """Whether the digits lie on their side."""
    names = [str(digit) for digit in range(10)]
    if not set(names) <= set(parts.content.classes):
        return
    labels = [parts.content.classes.index(name) for name in names]
    digits = [means.mean(label) for label in labels]
    if counts.of[Split.TRAINING][labels].min() < LEAST_PICTURES:
        return
    shown = [grey(digit[None])[0] for digit in digits if digit is not None]
    if len(shown) < len(names):
        return
    as_they_are = agreement(shown)
    found = {name: agreement([turn(digit) for digit in shown]) for name, turn in _ORIENTATIONS.items()}
    how = max(found, key=lambda name: found[name])
    if found[how] >= LEAST_AGREEMENT and found[how] - as_they_are >= LEAST_MARGIN:
        yield Finding(
            "pictures_lie_on_their_side",
            "warning",
            f"The pictures are {how}: the means of 0 to 9 correlate with upright digits by {found[how]:.2f} when "
            f"that is undone, and by {as_they_are:.2f} as they are. A network learns them all the same, but is wrong "
            "on upright ones that are sent to it. Add the dataset again with its pictures turned (`turn`).",
            parts.samples,
            (),
            {"agreement": found[how], "as_they_are": as_they_are, "threshold": LEAST_AGREEMENT},
        )


def agreement(digits: Sequence[Floats]) -> float:
    """The mean correlation of ten pictures, 0 to 9, with upright digits."""
    pairs = zip(digits, _upright(), strict=True)
    return float(np.mean([np.vdot(_standard(digit), template) for digit, template in pairs]))


@cache
def _upright() -> tuple[Floats, ...]:
    from sklearn.datasets import load_digits  # noqa: PLC0415 - takes a second, and most datasets have no digits

    digits = load_digits()
    return tuple(
        _standard(digits.images[digits.target == digit].mean(axis=0).astype(np.float32))
        for digit in range(10)
    )


def _standard(mean: Floats) -> Floats:
    """What is written, dark or bright, cut out and brought to 8 by 8, with mean 0 and length 1."""
    ink = np.abs(mean - np.median(edge(mean[None])))
    rows, columns = (_span(ink.sum(axis=axis)) for axis in (1, 0))
    cut = ink[rows, columns]
    small = area_means(cut.shape[0], _SIDE) @ cut @ area_means(cut.shape[1], _SIDE).T
    centred: Floats = small - small.mean()
    length = np.linalg.norm(centred)
    return centred / length if length else centred


def _span(ink: Floats) -> slice:
    written = np.flatnonzero(ink >= _WRITTEN * ink.max())
    return slice(int(written[0]), int(written[-1]) + 1)
