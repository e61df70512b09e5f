"""Evaluating on another dataset: which of its classes are which of the network's."""

from collections.abc import Sequence
from dataclasses import dataclass

from normlab.spec.dataset_spec import DatasetSpec


@dataclass(frozen=True)
class Matched:
    """The network's number of each class of a dataset, and what to know of it."""

    numbers: tuple[int, ...]
    remark: str | None


def match_classes(dataset: DatasetSpec, trained_on: DatasetSpec) -> Matched:
    """By name where both have the same names, in whatever order, else number by number. Both have as many classes."""
    theirs, own = dataset.info.classes, trained_on.info.classes
    if theirs == own:
        return Matched(tuple(range(len(own))), None)
    if len(set(own)) == len(own) and set(theirs) == set(own):
        return Matched(
            tuple(own.index(name) for name in theirs),
            f"The classes of {dataset.label} have another order than those of {trained_on.label}: they are "
            "matched by their names.",
        )
    return Matched(
        tuple(range(len(own))),
        f"The classes of {dataset.label} have other names than those of {trained_on.label}, which the network "
        f"was trained on, and are matched by number: {_first_difference(theirs, own)}. The figures say how often the "
        "numbers agree.",
    )


def _first_difference(theirs: Sequence[str], own: Sequence[str]) -> str:
    number = next(at for at, (one, other) in enumerate(zip(theirs, own, strict=True)) if one != other)
    return f'class {number} is "{theirs[number]}" here and "{own[number]}" there'
