"""What every reader gives: chunks of samples, and what it noticed on the way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from normlab.spec.columns import Column, Task
from normlab.spec.dataset_options import SampleKind
from normlab.spec.limits import DatasetLimits

CLASSES_AS_MET = "classes_as_met"
"""A key of ``Reader.extra``. True: the reader numbered the classes as it met them, so they are brought into natural
order (2 before 10) and the labels follow. Without it, the order of ``Reader.classes`` is the publisher's and stays."""


class Split(StrEnum):
    """Which part of a dataset a sample belongs to, as its publisher said."""

    TRAINING = "training"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True)
class Chunk:
    """Some samples in the order of the file."""

    x: npt.NDArray[Any]
    """Pixels, uint8 (n, height, width[, channels]); of a table float32 (n, columns), a category as its place in
    ``TableFacts.columns``, missing values as NaN."""
    y: npt.NDArray[np.int32] | npt.NDArray[np.float32]
    """Labels (n,): places in the classes that the reader knows when it has read all. Numbers, float32, where these are
    predicted."""
    split: Split | None
    """None: the file does not say, so parts are drawn."""
    origins: Sequence[str]
    """Where each sample is from, for people: ``train/cat/3.png``, ``row 17``. As long as ``y``."""
    groups: Sequence[str] | None = None
    """What each sample's group is, (n,), when the reader was given a ``group_column``."""
    times: npt.NDArray[Any] | None = None
    """When each sample was taken, (n,), numbers or ``datetime64``, when it was given a ``time_column``."""


NOTHING_YET = Chunk(np.empty(0, np.uint8), np.empty(0, np.int32), None, ())
"""What a reader gives now and then while it looks a large file over, so that reading can be stopped meanwhile."""


@dataclass(frozen=True)
class Notice:
    """Something that the reader met and dealt with, or that makes the file unusable as it is."""

    code: str
    """A word for programs, such as ``unreadable_file`` or ``one_hot_labels``."""
    severity: str
    """``info``, ``warning`` or ``error``."""
    detail: str
    """A sentence: what is so, and what was done or is to be done."""
    count: int = 1
    """How many samples or files it is about."""
    examples: tuple[str, ...] = ()
    """Some of their origins."""


ReadingLimits = DatasetLimits
"""What a reader takes; what is more is refused with the setting's name."""


@dataclass
class ReadingOptions:
    """What the person who brings the file says of it; None: found out."""

    label_column: str | None = None
    split_column: str | None = None
    group_column: str | None = None
    time_column: str | None = None
    kind: SampleKind | None = None
    """Whether rows of columns are pictures or a table."""
    task: Task | None = None
    """What is predicted of a table."""
    category_columns: tuple[str, ...] = ()
    """Columns of a table whose numbers are names."""
    ignore_columns: tuple[str, ...] = ()
    """Columns of a table that are left out."""
    header: bool | None = None
    """Whether the first row of a CSV has names."""
    turn: bool | None = None
    """Turn pictures that lie on their side (EMNIST)."""
    image_size: tuple[int, int] | None = None
    """Bring all pictures to (height, width); None: all must have one size."""
    limits: ReadingLimits = field(default_factory=ReadingLimits)


@dataclass(frozen=True)
class TableFacts:
    """What a table's columns are."""

    columns: tuple[Column, ...]
    """Those that a network is given, with the categories of all rows."""
    target: str
    """The name of the column that is predicted."""
    task: Task


class Reader(Protocol):
    """An opened file of one format.

    Its module's ``open_file(path, options) -> Reader | None`` makes it. That looks at the content (never at the
    ending), gives None where it is another format, and raises ``DatasetError`` with a sentence that says where and what
    would be right.
    """

    format: str
    """``npz``, ``idx``, ``csv`` …: as in ``docs/datasets.md``."""

    @property
    def notices(self) -> list[Notice]:
        """What it met; complete when all chunks were taken."""

    def chunks(self) -> Iterator[Chunk]:
        """All samples, once. Memory stays flat: a chunk holds at most some MiB."""

    def classes(self) -> Sequence[str]:
        """The names of the classes, by label. Known when all chunks were taken."""

    def extra(self) -> Mapping[str, Any]:
        """Anything more to be recorded: ``{}`` for most."""


@runtime_checkable
class TabularReader(Reader, Protocol):
    """A reader of a table."""

    def table(self) -> TableFacts:
        """Its columns. Known when all chunks were taken."""
