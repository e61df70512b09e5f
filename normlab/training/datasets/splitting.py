"""Which samples are for training, validation and test: as the file says, or drawn.

Draws are stratified by class, by whole groups, or by time, and depend on the seed and the labels alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normlab.errors import DatasetError
from normlab.spec.dataset_options import ValidationPart
from normlab.training.datasets.readers.base import Notice, Split

PARTS = (Split.TRAINING, Split.VALIDATION, Split.TEST)
"""A part's number in arrays is its place here; ``UNSAID`` stands for none."""
UNSAID = 255
_TRAINING, _VALIDATION, _TEST = range(3)


@dataclass(frozen=True)
class Splitting:
    """How to make the parts that a file does not give."""

    validation: ValidationPart = ValidationPart.STRATIFIED
    test_fraction: float = 0.2
    """Of all samples."""
    validation_fraction: float = 0.1
    """Of the samples that are left when the test samples are taken."""
    validation_samples: int | None = None
    """Exactly so many instead, for ``first``."""
    seed: int = 0


@dataclass(frozen=True)
class Samples:
    """What is known of all samples in the order of the file, without their pixels."""

    labels: NDArray[np.int32]
    """0 for all where numbers are predicted."""
    parts: NDArray[np.uint8]
    """Places in ``PARTS``, or ``UNSAID``."""
    groups: NDArray[np.int64] | None
    times: NDArray[Any] | None
    numbers: NDArray[np.float32] | None = None
    """Those that are predicted; None: classes are."""


@dataclass(frozen=True)
class Parts:
    """The part of each sample."""

    of_sample: NDArray[np.uint8]
    """Places in ``PARTS``, in the order of the file."""
    made: Mapping[Split, str]
    """How each part came about: ``given``, ``stratified``, ``drawn``, ``by group``, ``by time``, ``first``, ``none``,
    ``rest``."""
    seed: int | None
    """What was drawn with; None: nothing was."""
    notices: tuple[Notice, ...]


def make_parts(samples: Samples, splitting: Splitting) -> Parts:
    """Keep the parts that the file gives and make the others.

    Raises:
        DatasetError: the file gives no training samples, or there are too few of them to draw from.
    """
    if samples.groups is not None and samples.times is not None:
        raise DatasetError(
            "Parts can be made by groups or by time, not by both: leave out one of the columns."
        )
    notices: list[Notice] = []
    given = {_VALIDATION, _TEST} & set(np.unique(samples.parts).tolist())
    parts = samples.parts.copy()
    unsaid = parts == UNSAID
    parts[unsaid] = _TRAINING
    if (given or (samples.parts == _TRAINING).any()) and unsaid.any():
        detail = "Samples that the file puts into no part are training samples."
        notices.append(Notice("samples_without_part", "warning", detail, int(unsaid.sum())))
    if not (parts == _TRAINING).any():
        raise DatasetError("The file has no training samples: all are in its test or validation part.")
    made = {
        Split.TRAINING: "given" if not unsaid.any() else "rest",
        Split.VALIDATION: "given",
        Split.TEST: "given",
    }
    draws = _Draws(samples, splitting.seed)
    if _TEST not in given:
        parts[draws.draw(parts == _TRAINING, splitting.test_fraction, "test", stream=_TEST)] = _TEST
        made[Split.TEST] = draws.method
        made[Split.TRAINING] = "rest"
    if _VALIDATION not in given:
        made[Split.VALIDATION] = _make_validation(parts, draws, splitting)
    if not (parts == _TRAINING).any():
        raise DatasetError("No samples are left for training when those for test and validation are taken.")
    if samples.groups is not None:
        notices += _shared_groups(samples.groups, parts)
    drawn = {"stratified", "drawn", "by group"} & set(made.values())
    return Parts(parts, made, splitting.seed if drawn else None, tuple(notices))


def _make_validation(parts: NDArray[np.uint8], draws: "_Draws", splitting: Splitting) -> str:
    """Mark validation samples among the training samples of ``parts``; give how."""
    training = np.flatnonzero(parts == _TRAINING)
    match splitting.validation:
        case ValidationPart.NONE:
            pass
        case ValidationPart.FIRST:
            count = splitting.validation_samples
            count = round(len(training) * splitting.validation_fraction) if count is None else count
            if count >= len(training):
                raise DatasetError(
                    f"{count} validation samples were asked for; the file has {len(training)} training samples."
                )
            parts[training[:count]] = _VALIDATION
        case ValidationPart.STRATIFIED:
            drawn = draws.draw(
                parts == _TRAINING, splitting.validation_fraction, "validation", stream=_VALIDATION
            )
            parts[drawn] = _VALIDATION
            return draws.method
    return splitting.validation.value


class _Draws:
    """Draws by the method that the file allows: groups, else times, else the labels."""

    def __init__(self, samples: Samples, seed: int) -> None:
        self._samples = samples
        self._seed = seed
        if samples.groups is not None:
            self.method = "by group"
        else:
            self.method = "by time" if samples.times is not None else self._by_labels()

    def _by_labels(self) -> str:
        return "stratified" if self._samples.numbers is None else "drawn"

    def draw(
        self, candidates: NDArray[np.bool_], fraction: float, part: str, *, stream: int
    ) -> NDArray[np.int64]:
        """Take about ``fraction`` of the samples that ``candidates`` marks, at least one; their places, ascending."""
        places = np.flatnonzero(candidates)
        if self._samples.groups is not None:
            drawn = self._by_group(self._samples.groups[places], fraction, part, stream)
        elif self._samples.times is not None:
            drawn = self._by_time(self._samples.times[places], fraction, part)
        else:
            drawn = self._stratified(self._samples.labels[places], fraction, stream)
        if not drawn.any():
            raise DatasetError(
                f"No {part} samples can be drawn: of {len(places)} samples no class has two. Bring more samples, "
                f"or give the {part} part."
            )
        return places[drawn]

    def _keys(self, count: int, stream: int) -> NDArray[np.uint64]:
        # NumPy promises the raw numbers of a bit generator for ever, those of Generator's methods not (NEP 19).
        return np.random.PCG64(np.random.SeedSequence([self._seed, stream])).random_raw(count)

    def _stratified(self, labels: NDArray[np.int32], fraction: float, stream: int) -> NDArray[np.bool_]:
        """From each class its share, rounded; one at least, but never its last sample."""
        order = np.lexsort((self._keys(len(labels), stream), labels))
        counts = np.bincount(labels)
        wanted = np.minimum(
            np.maximum(np.floor(counts * fraction + 0.5), 1), np.maximum(counts - 1, 0)
        ).astype(np.int64)
        starts = np.cumsum(counts) - counts
        sorted_labels = labels[order]
        drawn = np.zeros(len(labels), bool)
        drawn[order[np.arange(len(labels)) - starts[sorted_labels] < wanted[sorted_labels]]] = True
        return drawn

    def _by_group(
        self, groups: NDArray[np.int64], fraction: float, part: str, stream: int
    ) -> NDArray[np.bool_]:
        """Whole groups in a drawn order, each unless the part would be farther from its size with it."""
        names, sizes = np.unique(groups, return_counts=True)
        if len(names) < 2:
            raise DatasetError(f"All samples from which the {part} part is to be drawn are of one group.")
        order = np.argsort(self._keys(len(names), stream), kind="stable")
        target, count = len(groups) * fraction, 0
        chosen: list[int] = []
        for group in order.tolist():
            size = int(sizes[group])
            if not chosen or abs(target - count - size) < abs(target - count):
                chosen.append(int(names[group]))
                count += size
        return np.isin(groups, chosen)

    def _by_time(self, times: NDArray[Any], fraction: float, part: str) -> NDArray[np.bool_]:
        """The last; samples of one moment stay together."""
        ascending = np.sort(times)
        last = ascending[len(times) - max(1, round(len(times) * fraction))]
        if last == ascending[0]:
            count = int((times == last).sum())
            raise DatasetError(
                f"The {part} part cannot be the last in time: {count} of {len(times)} samples share the earliest time."
            )
        return np.asarray(times >= last, bool)


def _shared_groups(groups: NDArray[np.int64], parts: NDArray[np.uint8]) -> list[Notice]:
    """Say which groups the file itself has in two parts."""
    names, places = np.unique(groups, return_inverse=True)
    met = np.zeros((len(names), len(PARTS)), bool)
    met[places, parts] = True
    shared = int((met.sum(axis=1) > 1).sum())
    detail = "Groups have samples in more than one part, as the file gives them: what is tested was partly seen before."
    return [Notice("group_in_two_parts", "warning", detail, shared)] if shared else []
