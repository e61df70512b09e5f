"""What training makes smaller, with Keras's parameters and defaults, and how much each class counts in it.

A new loss is a class here and its place in the union at the end. Whatever the loss is, a run also records its plain
cross-entropy, by which arms of different losses are compared.
"""

import math
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Strict

from normlab.spec.fields import NonNegativeNumber, PositiveNumber, SpecModel
from normlab.spec.kinds import kinds_of
from normlab.spec.shown import shown

_Share = Annotated[float, Strict(), Field(ge=0, lt=1, allow_inf_nan=False)]


class BaseLoss(SpecModel):
    """What every loss takes."""

    name: str
    label_smoothing: _Share = 0.0
    """So much of each label is spread evenly over all classes."""


class CrossEntropy(BaseLoss):
    """The negative logarithm of the true class's probability.

    Keras's ``CategoricalCrossentropy`` (the sparse one has no label smoothing); Szegedy and others, "Rethinking the
    inception architecture" (2016), for the smoothing.
    """

    name: Literal["cross_entropy"]


class Focal(BaseLoss):
    """Cross-entropy in which a sample counts the less, the better it is known already.

    ``alpha * (1 - p) ** gamma * -log(p)``. Keras's ``CategoricalFocalCrossentropy``; Lin and others, "Focal loss for
    dense object detection" (2017).
    """

    name: Literal["focal"]
    gamma: NonNegativeNumber = 2.0
    """How much less; 0: not at all."""
    alpha: PositiveNumber = 0.25
    """What all of it is multiplied by; for a number for each class there is ``class_weight``."""


_AnyLoss = CrossEntropy | Focal

Loss = Annotated[_AnyLoss, Field(discriminator="name")]

LOSSES = kinds_of(_AnyLoss, "name", BaseLoss)
"""Every loss by its ``name``."""

PLAIN = CrossEntropy(name="cross_entropy")

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
