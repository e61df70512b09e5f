"""What training makes smaller, with Keras's parameters and defaults, and how much each class counts in it.

A new loss is a class here and its place in the union at the end. Whatever the loss is, a run that learns classes also
records its plain cross-entropy, and one that learns numbers its squared and absolute errors: by these arms of different
losses are compared.
"""

import math
import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, Strict

from normlab.spec.columns import Task
from normlab.spec.fields import NonNegativeNumber, PositiveNumber, SpecModel
from normlab.spec.kinds import kinds_of
from normlab.spec.shown import shown

_Share = Annotated[float, Strict(), Field(ge=0, lt=1, allow_inf_nan=False)]


class BaseLoss(SpecModel):
    """What every loss takes."""

    task: ClassVar[Task]
    """What it is a loss of."""
    name: str


class _OfClasses(BaseLoss):
    """What every loss of classes takes."""

    task = Task.CLASSIFICATION
    label_smoothing: _Share = 0.0
    """So much of each label is spread evenly over all classes."""


class _OfNumbers(BaseLoss):
    """Of numbers, which training standardizes: less their mean, divided by their deviation, of the training rows."""

    task = Task.REGRESSION


class CrossEntropy(_OfClasses):
    """The negative logarithm of the true class's probability.

    Keras's ``CategoricalCrossentropy`` (the sparse one has no label smoothing); Szegedy and others, "Rethinking the
    inception architecture" (2016), for the smoothing.
    """

    name: Literal["cross_entropy"]


class Focal(_OfClasses):
    """Cross-entropy in which a sample counts the less, the better it is known already.

    ``alpha * (1 - p) ** gamma * -log(p)``. Keras's ``CategoricalFocalCrossentropy``; Lin and others, "Focal loss for
    dense object detection" (2017).
    """

    name: Literal["focal"]
    gamma: NonNegativeNumber = 2.0
    """How much less; 0: not at all."""
    alpha: PositiveNumber = 0.25
    """What all of it is multiplied by; for a number for each class there is ``class_weight``."""


class MeanSquaredError(_OfNumbers):
    """The squared difference from the target. Keras's ``MeanSquaredError``."""

    name: Literal["mean_squared_error"]


class MeanAbsoluteError(_OfNumbers):
    """The absolute difference from the target, to which outliers matter less. Keras's ``MeanAbsoluteError``."""

    name: Literal["mean_absolute_error"]


class Huber(_OfNumbers):
    """Half the squared difference up to ``delta``, beyond it straight on: outliers matter less.

    ``(y - f)² / 2`` up to ``delta``, then ``delta * |y - f| - delta² / 2``. Keras's ``Huber``; Huber, "Robust
    estimation of a location parameter" (1964).
    """

    name: Literal["huber"]
    delta: PositiveNumber = 1.0
    """In deviations of the target, since training standardizes it."""


_AnyLoss = CrossEntropy | Focal | MeanSquaredError | MeanAbsoluteError | Huber

Loss = Annotated[_AnyLoss, Field(discriminator="name")]

LOSSES = kinds_of(_AnyLoss, "name", BaseLoss)
"""Every loss by its ``name``."""

PLAIN = CrossEntropy(name="cross_entropy")
SQUARED = MeanSquaredError(name="mean_squared_error")
DEFAULT_LOSSES: dict[Task, _AnyLoss] = {Task.CLASSIFICATION: PLAIN, Task.REGRESSION: SQUARED}
"""What is trained by where a spec does not say."""


def losses_of(task: Task) -> tuple[str, ...]:
    """The names of those that suit a task."""
    return tuple(name for name, kind in LOSSES.items() if kind.task is task)


BALANCED = "balanced"
_MAX_CLASSES = 10_000


def _class_weight(value: Any) -> Any:
    """Whole numbers as JSON writes them, in their order."""
    if value == BALANCED:
        return value
    if not isinstance(value, dict) or not value or len(value) > _MAX_CLASSES:
        raise ValueError(
            'should be "balanced" or weights by the numbers of classes, as in {"0": 1.0, "3": 2.5}, '
            f"not {shown(value)}"
        )
    weights = {}
    for key, weight in value.items():
        name = str(key) if isinstance(key, int) and not isinstance(key, bool) else key
        if not isinstance(name, str) or not re.fullmatch(r"0|[1-9]\d{0,4}", name, re.ASCII):
            raise ValueError(f"goes by the numbers of classes, from 0, and {shown(key)} is none")
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < math.inf:
            raise ValueError(
                f"the weight of class {name} should be a number of at least 0, not {shown(weight)}"
            )
        weights[name] = float(weight)
    if len(weights) < len(value):
        raise ValueError("has a weight for one class twice")
    return {name: weights[name] for name in sorted(weights, key=int)}


_Weights = Annotated[
    dict[Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,4})$")], NonNegativeNumber],
    Field(min_length=1, max_length=_MAX_CLASSES),
]

ClassWeight = Annotated[Literal["balanced"] | _Weights, BeforeValidator(_class_weight)]
"""``"balanced"``, or weights by the numbers of classes, as in ``{"0": 1.0, "3": 2.5}``."""
