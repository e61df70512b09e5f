"""A reader of arrays: pixels and labels of each part, each stored whole in a file of its own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import Chunk, Notice, ReadingOptions, Split
from normlab.training.datasets.readers.companions import Columns
from normlab.training.datasets.readers.labels import Labels
from normlab.training.datasets.readers.layout import find_layout
from normlab.training.datasets.readers.pixel_values import Convert, find_rule
from normlab.training.datasets.readers.stored_arrays import StoredArray


@dataclass(frozen=True)
class ArrayPair:
    """The pixels and labels of one part."""

    split: Split | None
    x: StoredArray
    y: StoredArray
    columns: Columns = field(default_factory=Columns)


class Numbered(Sequence[str]):
    """Origins of samples that have numbers only: ``x_train[17]``."""

    def __init__(self, name: str, start: int, count: int) -> None:
        self._name, self._start, self._count = name, start, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...

    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        numbers = range(self._start, self._start + self._count)[place]
        if isinstance(numbers, range):
            return [f"{self._name}[{number}]" for number in numbers]
        return f"{self._name}[{numbers}]"


class ArrayPairReader:
    """Reads the pairs one after another: all labels first, then pixels in chunks."""

    def __init__(
        self,
        format_name: str,
        pairs: Sequence[ArrayPair],
        options: ReadingOptions,
        *,
        notices: Sequence[Notice] = (),
        class_names: Mapping[int, str] | None = None,
    ) -> None:
        """Look at the headers.

        Raises:
            DatasetError: they do not fit together, or ask for more than the limits allow.
        """
        self.format = format_name
        self.notices = list(notices)
        self._pairs = pairs
        self._max_classes = options.limits.max_classes
        self._class_names = class_names
        self._classes: Sequence[str] = ()
        _check_headers(pairs, options)
        layout = find_layout(pairs[0].x.name, pairs[0].x.shape[1:], turn=bool(options.turn))
        self._arrange = layout.arrange
        self.notices += layout.notices

    def chunks(self) -> Iterator[Chunk]:
        """All samples; see ``Reader``."""
        labels = Labels(self._max_classes)
        for pair in self._pairs:
            labels.add(pair.y)
        self._classes, places, notices = labels.finish(self._class_names)
        self.notices += notices
        rule = yield from find_rule([pair.x for pair in self._pairs])
        self.notices += [rule.notice] if rule.notice else []
        for pair, part_labels in zip(self._pairs, places, strict=True):
            yield from pair.columns.add_to(self._part(pair, part_labels, rule.convert), pair.x.step)

    def _part(self, pair: ArrayPair, labels: NDArray[np.int32], convert: Convert) -> Iterator[Chunk]:
        for start, block in pair.x.blocks():
            end = start + len(block)
            origins = Numbered(pair.x.name, start, len(block))
            yield Chunk(convert(self._arrange(block)), labels[start:end], pair.split, origins)

    def classes(self) -> Sequence[str]:
        """The names of the classes, by label."""
        return self._classes

    def extra(self) -> Mapping[str, Any]:
        """Nothing."""
        return {}


def _check_headers(pairs: Sequence[ArrayPair], options: ReadingOptions) -> None:
    limits = options.limits
    first = pairs[0].x
    for pair in pairs:
        x, y = pair.x, pair.y
        if not y.shape:
            raise DatasetError(f"{y.name} is a single value; labels are (n,).")
        if len(x.shape) < 2:
            raise DatasetError(
                f"{x.name} has the shape {x.shape}; pixels are (n, height, width[, channels])."
            )
        if x.shape[1:] != first.shape[1:]:
            raise DatasetError(
                f"The samples of {x.name} have the shape {x.shape[1:]}, those of {first.name} {first.shape[1:]}."
            )
        if x.sample_values > limits.max_values_per_sample:
            raise DatasetError(
                f"A sample of {x.name} has {x.sample_values} values; {limits.max_values_per_sample} are allowed "
                "(max_values_per_sample)."
            )
    samples = sum(pair.x.shape[0] for pair in pairs)
    if samples > limits.max_samples:
        raise DatasetError(
            f"The file says that it has {samples} samples; {limits.max_samples} are allowed (max_samples)."
        )
    if (size := samples * first.sample_values) > limits.max_decoded_bytes:
        raise DatasetError(
            f"The file says that its pixels take {size} bytes; {limits.max_decoded_bytes} are allowed "
            "(max_decoded_bytes)."
        )
    for pair in pairs:
        for other, kind in (
            (pair.y, "labels"),
            (pair.columns.groups, "groups"),
            (pair.columns.times, "times"),
        ):
            if other is not None and other.shape[0] != pair.x.shape[0]:
                raise DatasetError(
                    f"{pair.x.name} has {pair.x.shape[0]} samples and {other.name} has {other.shape[0]} {kind}."
                )
