"""Pictures that are inverted against the rest: bright around the edge where others are dark, or the other way round."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from normlab.training.datasets.card.finding import EXAMPLES, Finding, listed, named, percent
from normlab.training.datasets.card.parts import Block, Numbers, Parts
from normlab.training.datasets.readers.base import Split

EDGE = 0.7
"""A picture's background is bright (dark) when this part of the pixels along its edge is above (below) half of the
range. At 0.8 a fifth to a quarter of the digits are undecided, since their strokes touch the edge; at 0.7 one of 300.
Of Fashion-MNIST and digits none is called bright."""

OF_ONE_KIND = 0.9
"""A class or part is bright (dark) when this part of its pictures is."""

LEAST_GROUP = 20
"""Smaller classes and parts are not judged: of 20 coins, 18 or more fall on one given side with a chance of 2e-4."""

USUAL = 0.95
"""Single pictures are called inverted where at least this part of all is of the other kind."""

INVERTED_WARNING = 0.01
"""From this part of the pictures on, single ones are a warning."""

DARK, UNDECIDED, BRIGHT = -1, 0, 1


class Backgrounds:
    """What is around the edge of each picture: a byte a sample."""

    def __init__(self, samples: int, pixel_max: float) -> None:
        self.kinds: npt.NDArray[np.int8] = np.zeros(samples, np.int8)
        self._half = pixel_max / 2

    def add(self, block: Block) -> None:
        """Add pictures."""
        share = (edge(block.grey) > self._half).mean(axis=1)
        kinds = (share >= EDGE).astype(np.int8) - (share <= 1 - EDGE).astype(np.int8)
        self.kinds[block.first : block.first + len(kinds)] = kinds


def edge(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The pixels along the edge of pictures, (samples, pixels); corners once."""
    sides = (grey[:, 0], grey[:, -1], grey[:, 1:-1, 0], grey[:, 1:-1, -1])
    return np.concatenate(sides, axis=1)


def findings(parts: Parts, backgrounds: Backgrounds) -> Iterable[Finding]:
    """Which classes, parts or single pictures are inverted."""
    kinds, labels, splits = backgrounds.kinds, parts.labels, parts.splits
    by_class = _inverted(kinds, labels, len(parts.content.classes))
    by_part = _inverted(kinds, splits, len(Split))
    if len(by_class):
        names = [parts.content.classes[label] for label in by_class]
        yield _of_groups(parts, np.isin(labels, by_class), kinds, what="class", names=names)
    if len(by_part):
        names = [list(Split)[place] for place in by_part]
        yield _of_groups(parts, np.isin(splits, by_part), kinds, what="part", names=names)
    if not len(by_class) and not len(by_part):
        yield from _single(parts, kinds)


def _inverted(kinds: npt.NDArray[np.int8], groups: npt.NDArray[np.integer], count: int) -> Numbers:
    """The groups of the kind that fewer pictures belong to, where there are groups of both kinds."""
    sizes = np.bincount(groups, minlength=count)
    judged = sizes >= LEAST_GROUP
    of_kind = {
        kind: np.flatnonzero(
            judged & (np.bincount(groups[kinds == kind], minlength=count) >= OF_ONE_KIND * sizes)
        )
        for kind in (DARK, BRIGHT)
    }
    if not all(len(found) for found in of_kind.values()):
        return np.zeros(0, np.int64)
    return min(of_kind.values(), key=lambda found: int(sizes[found].sum()))


def _of_groups(
    parts: Parts,
    inverted: npt.NDArray[np.bool_],
    kinds: npt.NDArray[np.int8],
    *,
    what: str,
    names: Sequence[str],
) -> Finding:
    bright = kinds[inverted].sum() > 0
    numbers = np.flatnonzero(inverted)
    shown = [[number] for number in numbers[:: max(1, len(numbers) // EXAMPLES)][:EXAMPLES].tolist()]
    here, there = ("bright", "dark") if bright else ("dark", "bright")
    consequence = (
        "a network can tell the class by the background alone"
        if what == "class"
        else "what is learned from one part does not hold for the other"
    )
    plural = {"class": "classes", "part": "parts"}[what] if len(names) > 1 else what
    return Finding(
        f"inverted_{what}",
        "error" if what == "part" else "warning",
        f"The pictures of the {plural} {listed(names)} have a {here} background, those of others a {there} one: "
        f"{consequence}. Invert them (largest value minus pixel) unless that is meant.",
        len(numbers),
        named(parts, shown),
        {"threshold": OF_ONE_KIND},
        shown,
    )


def _single(parts: Parts, kinds: npt.NDArray[np.int8]) -> Iterable[Finding]:
    for usual, word, other in ((DARK, "bright", "dark"), (BRIGHT, "dark", "bright")):
        inverted = np.flatnonzero(kinds == -usual)
        if len(inverted) and np.count_nonzero(kinds == usual) >= USUAL * len(kinds):
            share = len(inverted) / len(kinds)
            shown = [[number] for number in inverted[:EXAMPLES].tolist()]
            yield Finding(
                "inverted_pictures",
                "warning" if share >= INVERTED_WARNING else "info",
                f"{len(inverted):,} of {len(kinds):,} pictures ({percent(share)}) have a {word} background where "
                f"nearly all others have a {other} one. Look whether they are inverted; invert them or take them out.",
                len(inverted),
                named(parts, shown),
                {"share": share, "threshold": USUAL},
                shown,
            )
