"""Optimizers with Keras's own names, parameters and defaults (but sgd's learning rate is the notebook's).

A new one is a class here and its place in the union at the end.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from normlab.spec.fields import Flag, Fraction, NonNegativeNumber, PositiveNumber, SpecModel
from normlab.spec.kinds import kinds_of


class BaseOptimizer(SpecModel):
    """What all optimizers take."""

    keras_class: ClassVar[str]
    """The name of its class in ``keras.optimizers``, which takes the same parameters by the same names."""

    name: str
    learning_rate: PositiveNumber = 0.001
    """How far a step goes; a schedule multiplies it."""
    weight_decay: NonNegativeNumber | None = None
    """Each step the weights shrink by this times the learning rate, apart from the gradient."""
    clipnorm: PositiveNumber | None = None
    """Each variable's gradient is shortened to this norm."""
    clipvalue: PositiveNumber | None = None
    """Each gradient's values are cut at this."""
    global_clipnorm: PositiveNumber | None = None
    """All gradients together are shortened to this norm."""

    @property
    def slots(self) -> int:
        """How many numbers it keeps for each trainable parameter."""
        return 0

    @model_validator(mode="after")
    def _one_way_of_clipping(self) -> Self:
        given = [
            name for name in ("clipnorm", "clipvalue", "global_clipnorm") if getattr(self, name) is not None
        ]
        if len(given) > 1:
            raise ValueError(f"gradients can be clipped in one way only, not by {' and '.join(given)}")
        return self


class SGD(BaseOptimizer):
    """Gradient descent, with momentum if it is above 0."""

    keras_class = "SGD"

    name: Literal["sgd"]
    momentum: Fraction = 0.0
    """How much of the step before is kept."""
    nesterov: Flag = False
    """Whether the gradient is that of where momentum would lead."""

    @property
    def slots(self) -> int:
        """See the base class."""
        return 1 if self.momentum else 0


class Adam(BaseOptimizer):
    """Adam."""

    keras_class = "Adam"

    name: Literal["adam"]
    beta_1: Fraction = 0.9
    """How much of the gradients' moving mean is kept at each step."""
    beta_2: Fraction = 0.999
    """The same of their squares."""
    epsilon: PositiveNumber = 1e-7
    """Added to the root of the squares, against division by zero."""
    amsgrad: Flag = False
    """Whether the largest moving mean of squares so far counts."""

    @property
    def slots(self) -> int:
        """See the base class."""
        return 3 if self.amsgrad else 2


class AdamW(BaseOptimizer):
    """Adam with decoupled weight decay."""

    keras_class = "AdamW"

    name: Literal["adamw"]
    weight_decay: NonNegativeNumber | None = 0.004
    beta_1: Fraction = 0.9
    """How much of the gradients' moving mean is kept at each step."""
    beta_2: Fraction = 0.999
    """The same of their squares."""
    epsilon: PositiveNumber = 1e-7
    """Added to the root of the squares, against division by zero."""
    amsgrad: Flag = False
    """Whether the largest moving mean of squares so far counts."""

    @property
    def slots(self) -> int:
        """See the base class."""
        return 3 if self.amsgrad else 2


class RMSprop(BaseOptimizer):
    """RMSprop."""

    keras_class = "RMSprop"

    name: Literal["rmsprop"]
    rho: Fraction = 0.9
    """How much of the moving mean of squared gradients is kept at each step."""
    momentum: Fraction = 0.0
    """How much of the step before is kept."""
    epsilon: PositiveNumber = 1e-7
    """Added to the root of the squares, against division by zero."""
    centered: Flag = False
    """Whether the gradients' variance is used rather than their squares."""

    @property
    def slots(self) -> int:
        """See the base class."""
        return 1 + bool(self.momentum) + self.centered


_AnyOptimizer = SGD | Adam | AdamW | RMSprop

Optimizer = Annotated[_AnyOptimizer, Field(discriminator="name")]

OPTIMIZERS = kinds_of(_AnyOptimizer, "name", BaseOptimizer)
"""Every optimizer by its ``name``."""
