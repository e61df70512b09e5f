"""Evaluating on another dataset: whether its samples and classes are of the form that a network takes."""

from collections.abc import Sequence

from normlab.spec.columns import Column, Task
from normlab.spec.dataset_spec import DatasetSpec


def misfit(dataset: DatasetSpec, trained_on: DatasetSpec) -> str | None:
    """Why a network of ``trained_on`` cannot be evaluated on ``dataset``, for the end of a sentence; None: it can.

    Both need the same shape and number of classes, and tables the same columns in the same order.
    """
    if trained_on.info.predicts is Task.REGRESSION:
        return f"predicts numbers, and is evaluated on {trained_on.label} alone"
    theirs, own = _kind(dataset), _kind(trained_on)
    if theirs != own:
        return f"was trained on {trained_on.label}, of shape {own}, but {dataset.label} has shape {theirs}"
    columns = _column_misfit(_columns(dataset), _columns(trained_on))
    return columns and f"was trained on {trained_on.label}, but of {dataset.label} {columns}"


def _kind(dataset: DatasetSpec) -> str:
    place = " in a table" if _columns(dataset) else ""
    return f"{' x '.join(map(str, dataset.info.shape))} and {dataset.info.class_count} classes{place}"


def _columns(dataset: DatasetSpec) -> Sequence[Column]:
    return (dataset.content and dataset.content.columns) or ()


def _column_misfit(theirs: Sequence[Column], own: Sequence[Column]) -> str | None:
    for number, (one, other) in enumerate(zip(theirs, own, strict=True), start=1):
        if one.name != other.name:
            return f'column {number} is called "{one.name}" and not "{other.name}"'
        if one.kind is not other.kind:
            return f'column "{one.name}" is a {one.kind} and not a {other.kind}'
        if one.categories != other.categories:
            return f'column "{one.name}" has other categories'
    return None
