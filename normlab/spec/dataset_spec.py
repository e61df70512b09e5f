"""Which data a job learns, and how much of it is kept apart."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from normlab.spec.columns import Column, Task
from normlab.spec.dataset_content import AnyDatasetName, DatasetContent, DatasetFacts
from normlab.spec.datasets import DATASETS, DatasetName
from normlab.spec.fields import LEFT_OUT, Integer, PositiveInteger, SpecModel
from normlab.spec.layers.base import Shape
from normlab.spec.mistakes.places import WrittenByTheService

_OF_UPLOADED_DATASETS = ("name", "version", "content")
_BUILT_IN = {name.value: info for name, info in DATASETS.items()}
"""By plain text: a spec is asked dozens of times, and each time making the name an enum's would take longer."""
_EXAMPLES = [*map(str, DatasetName), "parts"]


class DatasetSpec(SpecModel):
    """Which data, and how much of it is kept apart for validation."""

    name: Annotated[AnyDatasetName, Field(examples=_EXAMPLES)] = DatasetName.FASHION_MNIST.value
    """Which one: a built-in dataset, or one that was added to the service. A name alone is short for its defaults."""
    version: Annotated[PositiveInteger | None, LEFT_OUT] = None
    """Of a dataset that was added; without it the newest, which is then written down here."""
    content: Annotated[DatasetContent | None, LEFT_OUT, WrittenByTheService] = None
    """Of a dataset that was added: the service writes it down. It may be sent again as it is."""
    validation_samples: Annotated[Integer, Field(ge=0)] | None = None
    """None: the dataset's own number (5,000 for Fashion-MNIST)."""
    validation_split: Literal["first", "random"] = "first"
    """The first training samples, or ones drawn by the seed."""
    training_samples: PositiveInteger | None = None
    """Use only so many of the remaining training samples; None: all."""

    @model_validator(mode="after")
    def _content_belongs_to_uploaded_datasets(self) -> "DatasetSpec":
        if self.name in DATASETS:
            if self.version is not None or self.content is not None:
                raise ValueError(f"{self.name} is built in and never changes: leave out version and content")
        elif self.content is None:
            raise ValueError(f"{self.name} is not built in, and what is in it is not known here")
        return self

    @property
    def info(self) -> DatasetFacts:
        """What is known of the dataset."""
        return _BUILT_IN[self.name] if self.content is None else self.content

    @property
    def columns(self) -> tuple[Column, ...] | None:
        """Of a table; None of pictures."""
        return None if self.content is None else self.content.columns

    @property
    def label(self) -> str:
        """The name for people, with the version of a dataset that has several."""
        return self.name if self.version is None else f"{self.name} version {self.version}"

    @property
    def held_out(self) -> int:
        """Samples kept apart for validation."""
        default = self.info.default_validation_samples
        return default if self.validation_samples is None else self.validation_samples

    @property
    def trained_on(self) -> int:
        """Samples in an epoch."""
        left = self.info.training_samples - self.held_out
        return left if self.training_samples is None else self.training_samples

    def digested(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """What of this, as a document, changes the numbers of a run.

        Of an uploaded dataset its bytes, the width of the output layer, the scale and how columns of a table are
        prepared do, and no name or version.
        """
        # Written out or left to the default, the split is the same.
        sizes = {"validation_samples": self.held_out, "training_samples": self.trained_on}
        if self.content is None:
            return {**document, **sizes}
        rest = {key: value for key, value in document.items() if key not in _OF_UPLOADED_DATASETS}
        content = self.content
        return {
            "content": content.digest,
            "classes": content.class_count,
            "pixel_max": content.pixel_max,
            **({} if content.columns is None else {"columns": [column.form for column in content.columns]}),
            **rest,
            **sizes,
        }


def shape_in(dataset: object) -> Shape | None:
    """The shape of the samples that a spec's ``dataset`` names, as a request or a document has it; None where it
    cannot be told."""
    given = {"name": dataset} if isinstance(dataset, str) else dataset
    if isinstance(given, DatasetSpec):
        return given.info.shape
    if not isinstance(given, dict):
        return None
    name = given.get("name", DatasetName.FASHION_MNIST)
    if isinstance(name, str) and name in DATASETS:
        return DATASETS[DatasetName(name)].shape
    content = given.get("content")
    if isinstance(content, DatasetContent):
        return content.shape
    shape = content.get("shape") if isinstance(content, dict) else None
    if isinstance(shape, list | tuple) and all(type(size) is int and size > 0 for size in shape):
        return tuple(shape)
    return None


def task_in(dataset: object) -> Task | None:
    """What is predicted of the samples that a spec's ``dataset`` names, as a request or a document has it; None: that
    cannot be told here, or nobody says, which means classes."""
    if isinstance(dataset, DatasetSpec):
        return dataset.info.predicts
    content = dataset.get("content") if isinstance(dataset, dict) else None
    if isinstance(content, DatasetContent):
        return content.predicts
    said = content.get("task") if isinstance(content, dict) else None
    return Task(said) if said in list(Task) else None
