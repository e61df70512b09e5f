"""Test pictures that are nearly the same as one in training: shifted, noised, compressed, brighter."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from normlab.training.datasets.card.background import edge
from normlab.training.datasets.card.finding import EXAMPLES, Finding, named, percent
from normlab.training.datasets.card.parts import Block, Floats, Numbers, Parts, grey
from normlab.training.datasets.card.perceptual_hash import Codes, centre_of_mass, codes
from normlab.training.datasets.card.same_pictures import Groups
from normlab.training.datasets.card.similar_codes import nearest
from normlab.training.datasets.readers.base import Split

MOST_BITS = 8
"""Hashes that differ in more bits are not looked at."""

CANDIDATES = 8
"""Of the nearest hashes so many pictures are compared with a test picture."""

CORRELATION = 0.99
"""Two pictures are nearly the same when their pixels correlate so much, one moved onto the other."""

MOST_SHIFT = 0.15
"""The part of a side by which one may be moved."""

NEAR_WARNING = 0.01
"""From this part of the test pictures on, near duplicates are a warning. Below it they are a note: Fashion-MNIST has
some as well, the same article in both parts."""

_PAIRS = 2_048
_ALIKE = 1e-12


class NearDuplicates:
    """Hashes of all pictures: 8 bytes a sample."""

    def __init__(self, samples: int) -> None:
        self._codes: Codes = np.zeros(samples, np.uint64)

    def add(self, block: Block) -> None:
        """Add pictures."""
        self._codes[block.first : block.first + len(block.x)] = codes(block.grey)

    def pairs(self, parts: Parts, groups: Groups) -> tuple[Numbers, Numbers, Floats]:
        """Test pictures, for each the most alike among the others, and how their pixels correlate.

        Pictures that are there value for value are left out: they are found exactly.
        """
        split = parts.splits
        test = split == list(Split).index(Split.TEST)
        queries = np.setdiff1d(np.flatnonzero(test), groups.also_in(test, ~test))
        places, _ = nearest(
            self._codes[queries],
            self._codes[: parts.in_training_array],
            most_bits=MOST_BITS,
            keep=CANDIDATES,
        )
        partner = np.full(len(queries), -1)
        best = np.zeros(len(queries), np.float32)
        for candidate in places.T:
            open_ones = np.flatnonzero((best < CORRELATION) & (candidate >= 0))
            for start in range(0, len(open_ones), _PAIRS):
                rows = open_ones[start : start + _PAIRS]
                found = _compared(parts, queries[rows], candidate[rows])
                better = found > best[rows]
                best[rows[better]], partner[rows[better]] = found[better], candidate[rows[better]]
        near = best >= CORRELATION
        return queries[near], partner[near], best[near]


def findings(parts: Parts, near: NearDuplicates, groups: Groups) -> Iterable[Finding]:
    """How many test pictures have nearly the same one in training."""
    test = parts.samples - parts.in_training_array
    if not test:
        return
    queries, partners, correlations = near.pairs(parts, groups)
    if not len(queries):
        return
    share = len(queries) / test
    worst = np.argsort(-correlations, kind="stable")[:EXAMPLES]
    shown = [(int(queries[place]), int(partners[place])) for place in worst]
    yield Finding(
        "test_nearly_in_training",
        "warning" if share >= NEAR_WARNING else "info",
        f"{len(queries):,} of {test:,} test pictures ({percent(share)}) have nearly the same one in the training part "
        f"(their pixels correlate by {CORRELATION} or more, moved onto each other): they are easier than new ones. "
        "Look at them; if they are copies, or parts of one series, keep each series in one part (`group_column`).",
        len(queries),
        named(parts, shown),
        {"share": share, "threshold": NEAR_WARNING, "correlation": CORRELATION},
        shown,
    )


def _compared(parts: Parts, ones: Numbers, others: Numbers) -> Floats:
    first, second = (_grey(parts.take(numbers)) for numbers in (ones, others))
    height, width = first.shape[1:]
    moves = [
        np.clip(np.rint(a - b), -MOST_SHIFT * side, MOST_SHIFT * side).astype(np.int64)
        for a, b, side in zip(_centres(first), _centres(second), (height, width), strict=True)
    ]
    found = correlation(first, second)
    for down, right in np.unique(np.column_stack(moves), axis=0).tolist():
        if (down, right) == (0, 0):
            continue
        rows = (moves[0] == down) & (moves[1] == right)
        found[rows] = np.maximum(found[rows], correlation(*_overlap(first[rows], second[rows], down, right)))
    return found


def _grey(pictures: npt.NDArray[np.generic]) -> Floats:
    return grey(pictures.reshape(*pictures.shape[:3], -1).astype(np.float32))


def _centres(pictures: Floats) -> tuple[Floats, Floats]:
    return centre_of_mass(pictures - np.median(edge(pictures), axis=1).astype(np.float32)[:, None, None])


def _overlap(first: Floats, second: Floats, down: int, right: int) -> tuple[Floats, Floats]:
    """What both show when the second is moved by so many pixels onto the first."""
    height, width = first.shape[1:]
    return (
        first[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)],
        second[:, max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)],
    )


def correlation(first: Floats, second: Floats) -> Floats:
    """Pearson's, of each picture with its partner; 0 where one of them is blank."""
    a, b = (pictures.reshape(len(pictures), -1) for pictures in (first, second))
    a = a - a.mean(axis=1, keepdims=True)
    b = b - b.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    found: Floats = np.einsum("np,np->n", a, b) / np.where(norms > _ALIKE, norms, np.inf)
    return found
