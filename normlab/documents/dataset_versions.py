"""Versions of uploaded datasets: how far their check is, and what came of it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Discriminator, Field, RootModel, Tag

from normlab.documents.base import Document, Fraction
from normlab.documents.datasets import DataCardDocument
from normlab.documents.states import DatasetState
from normlab.spec import DatasetInfo
from normlab.spec.columns import Task
from normlab.spec.open_enum import Open


class CheckPhase(StrEnum):
    """What a worker is doing with an uploaded file."""

    FETCHING = "fetching"
    """Getting it from the artifact store."""
    READING = "reading"
    """Decoding its samples."""
    DESCRIBING = "describing"
    """Looking for what is wrong with them: the data card."""
    STORING = "storing"
    """Keeping the decoded arrays for other machines."""


class DatasetProgress(Document):
    """Where the check is."""

    phase: Open[CheckPhase]
    samples: int | None = Field(default=None, description="Read so far.")
    fraction: Fraction | None = Field(
        default=None, description="How much of this phase is done, if that is known."
    )


class DatasetReading(Document):
    """What the file was, and how it became samples of three parts."""

    format: str = Field(description="Found by the content, as in `docs/datasets.md`.")
    parts: dict[str, str] = Field(
        description="How each part came about: `given`, `stratified`, `drawn` (where a number is predicted), "
        "`by group`, `by time`, `first`, `none`, `rest`."
    )
    seed: int | None = Field(description="What parts were drawn with; null if none was.")
    extra: dict[str, Any] = Field(description="What else its reader has recorded.")


class UploadedFile(Document):
    """The file that came."""

    name: str | None = Field(description="Its own name, if the upload said so.")
    bytes: int
    sha256: str = Field(description="Hexadecimal.")


class DatasetLinks(Document):
    """Where it and its like are."""

    self: str
    versions: str


class DatasetSummary(Document):
    """An uploaded dataset in lists. What its check finds out is null until it is ready."""

    id: str
    name: str
    version: int = Field(description="Counted from 1; never given twice.")
    state: Open[DatasetState]
    created_at: datetime
    finished_at: datetime | None
    reason: str | None = Field(description="Why it was refused, and what would be right.")
    description: str | None = Field(description="As the uploader has it.")
    digest: str | None = Field(
        description="`sha256:…` over the decoded arrays: the same for the same content."
    )
    shape: tuple[int, ...] | None = Field(
        description="Of a sample: height, width and perhaps channels; of a table its columns."
    )
    task: Open[Task] | None = Field(
        default=None, description="`regression` where a number is predicted; null where a class is."
    )
    target: str | None = Field(default=None, description="The column of a table that is predicted.")
    classes: tuple[str, ...] | None = Field(description="Their names, by label.")
    training_samples: int | None = Field(description="With those that are kept apart for validation.")
    test_samples: int | None
    pixel_max: int | None = Field(description="The largest raw pixel value; training divides by it.")
    default_validation_samples: int | None = Field(
        description="How many of the first training samples are kept apart for validation."
    )
    links: DatasetLinks


class DatasetDocument(DatasetSummary):
    """An uploaded dataset: how far its check is, or its data card."""

    file: UploadedFile
    options: dict[str, Any] = Field(description="How it is read: what `POST /datasets` was told.")
    attempt: int = Field(description="Which attempt to check it this is; 0 before the first.")
    progress: DatasetProgress | None = Field(description="While a worker checks it.")
    reading: DatasetReading | None
    card: DataCardDocument | None = Field(
        description="What is in it, and what is wrong with it. Its pictures are at `pictures/{name}`."
    )


class DatasetOrBuiltIn(RootModel[DatasetDocument | DatasetInfo]):
    """A dataset that was added, or one that is built in."""


class DatasetVersions(Document):
    """All versions of a name, the newest first."""

    data: tuple[DatasetSummary, ...]


def _kind(dataset: Any) -> str:
    """Which of the two a dataset in a list is: built-in ones have no version."""
    has_version = "version" in dataset if isinstance(dataset, dict) else hasattr(dataset, "version")
    return "uploaded" if has_version else "built_in"


AnyDataset = Annotated[
    Annotated[DatasetInfo, Tag("built_in")] | Annotated[DatasetSummary, Tag("uploaded")],
    Discriminator(_kind),
]
"""A dataset in a list."""


class DatasetList(Document):
    """All datasets: the built-in ones, and the newest version of each that was uploaded."""

    data: tuple[AnyDataset, ...]
