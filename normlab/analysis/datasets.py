"""What a run was trained on, from its spec's document: built-in data, or uploaded ones with what is in them."""

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

from pydantic import ValidationError

from normlab.analysis.records import RunRecord, SpecDocument
from normlab.spec.columns import Task
from normlab.spec.dataset_content import DatasetContent, DatasetFacts
from normlab.spec.datasets import DATASETS, DatasetInfo, DatasetName
from normlab.spec.layers.base import describe

_COLOURS = {1: "grey", 3: "colour", 4: "colour with transparency"}


def facts_of(spec: SpecDocument) -> DatasetFacts | None:
    """What is known of a spec's dataset; None of one that a newer version of Normlab brings along."""
    return built_in(spec) or content_of(spec)


def built_in(spec: SpecDocument) -> DatasetInfo | None:
    """The built-in dataset of a spec."""
    name = _dataset(spec).get("name")
    return DATASETS[DatasetName(name)] if name in list(DatasetName) else None


def content_of(spec: SpecDocument) -> DatasetContent | None:
    """What is in the uploaded dataset of a spec."""
    try:
        return DatasetContent.model_validate(_dataset(spec).get("content"))
    except ValidationError:
        return None


def task_of(runs: Iterable[RunRecord]) -> Task:
    """What the runs predict: numbers where one of them does."""
    known = (facts_of(run.spec) for run in runs)
    numbers = any(facts is not None and facts.predicts is Task.REGRESSION for facts in known)
    return Task.REGRESSION if numbers else Task.CLASSIFICATION


def identity_of(spec: SpecDocument) -> str:
    """The same for two specs exactly where they are trained on the same bytes as the same classes."""
    content = content_of(spec)
    if content is None:
        return str(_dataset(spec).get("name"))
    columns = "" if content.columns is None else f" {[tuple(column.form) for column in content.columns]}"
    return f"{content.digest} {content.class_count} {content.pixel_max}{columns}"


def label_of(spec: SpecDocument) -> str:
    """The dataset's name, with the version of an uploaded one."""
    dataset = _dataset(spec)
    version = dataset.get("version")
    return f"{dataset.get('name')}" + (f" version {version}" if version is not None else "")


def title_of(spec: SpecDocument) -> str:
    """What the dataset is called in a sentence."""
    info = built_in(spec)
    return label_of(spec) if info is None else info.title


def description_of(spec: SpecDocument) -> str:
    """What the dataset is, in words."""
    info, content = built_in(spec), content_of(spec)
    if info is not None:
        return f"{info.title} ({info.name}): {info.description}"
    if content is None:
        return label_of(spec)
    samples = f"{content.training_samples + content.test_samples:,} {_samples(content)}"
    predicted = (
        f"of {content.class_count:,} classes" if content.classes else f"whose {content.target} is predicted"
    )
    return f"{label_of(spec)}: {samples} {predicted}, {content.digest}"


def _samples(content: DatasetContent) -> str:
    shape = content.shape
    if content.columns is not None:
        categories = sum(column.categories is not None for column in content.columns)
        kinds = (_counted(len(content.columns) - categories, "number"), _counted(categories, "category"))
        return f"rows of {' and '.join(filter(None, kinds))}"
    if len(shape) == 1:
        return f"rows of {prod(shape)} values"
    colours = _COLOURS.get(shape[2], f"{shape[2]}-channel") if len(shape) == 3 else _COLOURS[1]
    return f"{colours} images, {describe(shape[:2])} pixels,"


def _counted(count: int, what: str) -> str:
    many = "categories" if what == "category" else f"{what}s"
    return f"{count:,} {what if count == 1 else many}" if count else ""


def _dataset(spec: SpecDocument) -> Mapping[str, Any]:
    dataset = spec.get("dataset", {})
    return dataset if isinstance(dataset, Mapping) else {"name": dataset}
