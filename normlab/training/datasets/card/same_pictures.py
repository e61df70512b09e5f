"""The same sample twice: in training and test, with two labels, or again and again."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.training.datasets.card.finding import EXAMPLES, Finding, Severity, named, percent
from normlab.training.datasets.card.parts import Block, Numbers, Parts
from normlab.training.datasets.readers.base import Split

LEAK_ERROR = 0.01
"""From this part of the test samples on, a leak is an error: it can move the accuracy by a point, and comparisons
decide smaller differences."""

LEAK_INFO = 0.001
"""Below this part, a leak is worth a note: it cannot move the first decimal of an accuracy in percent."""

REPEATED_WARNING = 0.1
"""From this part of the training samples on, repetition is a warning: some samples count for many in the loss."""

REPEATING = 0.5
"""From this part of a table's rows on that repeat another one, it is the columns that repeat, and no leak."""

_DIGEST_BYTES = 16
"""Of 128 bits: among 20 million samples the chance that two different ones agree is 1e-24."""


class SamePictures:
    """Finds samples of equal values by their digests: 16 bytes a sample, sorted rather than compared in pairs."""

    def __init__(self, samples: int) -> None:
        self._digests: npt.NDArray[np.uint64] = np.empty((samples, 2), np.uint64)

    def add(self, block: Block) -> None:
        """Add samples."""
        content = memoryview(block.x.tobytes())
        size = len(content) // len(block.x)
        digests = b"".join(
            hashlib.blake2b(content[at : at + size], digest_size=_DIGEST_BYTES).digest()
            for at in range(0, len(content), size)
        )
        self._digests[block.first : block.first + len(block.x)] = np.frombuffer(digests, np.uint64).reshape(
            -1, 2
        )

    def drawn(self, among: Numbers, most: int) -> Numbers:
        """Some of these samples: those of the smallest digests, which are as good as drawn and always the same ones."""
        order = np.argsort(self._digests[among, 0], kind="stable")
        drawn: Numbers = among[order[:most]]
        return drawn

    def groups(self) -> "Groups":
        """All samples by what they hold. To be called when all were added."""
        high, low = self._digests[:, 0], self._digests[:, 1]
        order = np.lexsort((low, high))
        high, low = high[order], low[order]
        begins = np.ones(len(order), bool)
        begins[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
        return Groups(order, begins)


class Groups:
    """Samples of equal values: each sample is in one group, most alone."""

    def __init__(self, order: Numbers, begins: npt.NDArray[np.bool_]) -> None:
        self._order = order
        self.starts: Numbers = np.flatnonzero(begins)
        self.of: Numbers = np.empty(len(order), np.int64)
        """The group of each sample."""
        self.of[order] = np.cumsum(begins) - 1
        self.sizes: Numbers = np.diff(np.append(self.starts, len(order)))

    def members(self, group: int) -> Numbers:
        """Its samples, ascending."""
        start = self.starts[group]
        return np.sort(self._order[start : start + self.sizes[group]])

    def with_two_labels(self, labels: npt.NDArray[Any]) -> Numbers:
        """The groups whose samples do not all have one label."""
        ordered = labels[self._order]
        smallest = np.minimum.reduceat(ordered, self.starts)
        return np.flatnonzero(smallest != np.maximum.reduceat(ordered, self.starts))

    def also_in(self, samples: npt.NDArray[np.bool_], others: npt.NDArray[np.bool_]) -> Numbers:
        """Which of ``samples`` have an equal one among ``others``; both are masks over all samples."""
        there = np.zeros(len(self.starts), bool)
        there[self.of[others]] = True
        return np.flatnonzero(samples & there[self.of])


def leak_severity(share: float) -> Severity:
    """How bad it is that this part of the test samples was trained on."""
    if share >= LEAK_ERROR:
        return "error"
    return "info" if share < LEAK_INFO else "warning"


def findings(parts: Parts, groups: Groups) -> Iterable[Finding]:
    """What is met more than once."""
    word = "picture" if parts.pictures else "row"
    split = parts.splits
    test, validation, training = (
        split == list(Split).index(which) for which in (Split.TEST, Split.VALIDATION, Split.TRAINING)
    )
    if not parts.pictures and (told := _repeat_by_nature(groups, training | validation)) is not None:
        yield told
        return
    if leaked := _pairs(groups, test, ~test):
        count, shown = leaked
        share = count / int(test.sum())
        yield Finding(
            "test_in_training",
            leak_severity(share),
            f"{count:,} of {int(test.sum()):,} test samples ({percent(share)}) are in the training part too, value "
            f"for value: of them the test accuracy says what is remembered. Take each {word} out of one of the parts.",
            count,
            named(parts, shown),
            {"share": share, "threshold": LEAK_INFO},
            shown,
        )
    if leaked := _pairs(groups, validation, training):
        count, shown = leaked
        share = count / int(validation.sum())
        yield Finding(
            "validation_in_training",
            leak_severity(share),
            f"{count:,} of {int(validation.sum()):,} validation samples ({percent(share)}) are in the training part "
            f"too: the validation accuracy flatters. Leave each {word} in once, or split by group.",
            count,
            named(parts, shown),
            {"share": share, "threshold": LEAK_INFO},
            shown,
        )
    if parts.content.classes:  # numbers differ between equal rows as measurements do
        yield from _two_labels(parts, groups, word)
    yield from _repeated(parts, groups, training | validation, word)


def _repeat_by_nature(groups: Groups, samples: npt.NDArray[np.bool_]) -> Finding | None:
    """Rows of a few columns with few values: equal ones are to be expected, in all parts and with any label."""
    different = len(np.unique(groups.of[samples]))
    count = int(samples.sum())
    if count - different < REPEATING * count:
        return None
    return Finding(
        "rows_of_few_values",
        "info",
        f"The {count:,} rows for training and validation are {different:,} different ones: their columns have so few "
        "values that equal rows are met in all parts, and with several labels. No network does better than the label "
        "that each of them has most often.",
        count - different,
        (),
        {"different": different / count, "threshold": 1 - REPEATING},
    )


def _pairs(
    groups: Groups, samples: npt.NDArray[np.bool_], others: npt.NDArray[np.bool_]
) -> tuple[int, Sequence[Sequence[int]]] | None:
    found = groups.also_in(samples, others)
    if not len(found):
        return None
    shown = []
    for number in found[:EXAMPLES].tolist():
        partners = groups.members(int(groups.of[number]))
        shown.append((number, int(partners[others[partners]][0])))
    return len(found), shown


def _two_labels(parts: Parts, groups: Groups, word: str) -> Iterable[Finding]:
    labels = parts.labels
    several = groups.with_two_labels(labels)
    if not len(several):
        return
    count = int(groups.sizes[several].sum())
    shown = []
    for group in several[:EXAMPLES].tolist():
        members = groups.members(group)
        _, firsts = np.unique(labels[members], return_index=True)
        shown.append(members[firsts[:EXAMPLES]].tolist())
    share = count / parts.samples
    yield Finding(
        "same_picture_two_labels" if parts.pictures else "same_row_two_labels",
        leak_severity(share),
        f"More than one label stands with {len(several):,} {word}{'s' * (len(several) > 1)} of the same values "
        f"({count:,} samples): no network can be right on all of them. Look which label is meant, and take the others "
        "out.",
        count,
        named(parts, shown),
        {"share": share, "threshold": LEAK_INFO},
        shown,
    )


def _repeated(parts: Parts, groups: Groups, samples: npt.NDArray[np.bool_], word: str) -> Iterable[Finding]:
    sizes = np.bincount(groups.of[samples], minlength=len(groups.starts))
    often = np.flatnonzero(sizes > 1)
    count = int((sizes[often] - 1).sum())
    if not count:
        return
    share = count / int(samples.sum())
    worst = often[np.argsort(-sizes[often], kind="stable")][:EXAMPLES]
    shown = [groups.members(group)[:EXAMPLES].tolist() for group in worst.tolist()]
    yield Finding(
        "repeated_pictures" if parts.pictures else "repeated_rows",
        "warning" if share >= REPEATED_WARNING else "info",
        f"{count:,} samples for training or validation ({percent(share)}) repeat another one, the most frequent {word} "
        f"{int(sizes.max()):,} times: it counts so often in the loss. Leave each in once unless that is meant.",
        count,
        named(parts, shown),
        {"share": share, "threshold": REPEATED_WARNING},
        shown,
    )
