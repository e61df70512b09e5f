"""Optimizers with Keras's own names, parameters and defaults (but sgd's learning rate is the notebook's)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from normlab.spec.fields import Flag, Fraction, NonNegativeNumber, PositiveNumber, SpecModel


class BaseOptimizer(SpecModel):
    """What all optimizers take."""

    learning_rate: PositiveNumber = 0.001
    weight_decay: NonNegativeNumber | None = None
    """Each step the weights shrink by this times the learning rate, apart from the gradient."""
    clipnorm: PositiveNumber | None = None
    """Each variable's gradient is shortened to this norm."""
    clipvalue: PositiveNumber | None = None
    """Each gradient's values are cut at this."""
    global_clipnorm: PositiveNumber | None = None
    """All gradients together are shortened to this norm."""

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

    name: Literal["sgd"]
    momentum: Fraction = 0.0
    nesterov: Flag = False

    @property
    def slots(self) -> int:
        """How many numbers are kept for each weight."""
        return 1 if self.momentum else 0


class Adam(BaseOptimizer):
    """Adam."""

    name: Literal["adam"]
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: PositiveNumber = 1e-7
    amsgrad: Flag = False

    @property
    def slots(self) -> int:
        """How many numbers are kept for each weight."""
        return 3 if self.amsgrad else 2


class AdamW(BaseOptimizer):
    """Adam with decoupled weight decay."""

    name: Literal["adamw"]
    weight_decay: NonNegativeNumber | None = 0.004
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: PositiveNumber = 1e-7
    amsgrad: Flag = False

    @property
    def slots(self) -> int:
        """How many numbers are kept for each weight."""
        return 3 if self.amsgrad else 2


class RMSprop(BaseOptimizer):
    """RMSprop."""

    name: Literal["rmsprop"]
    rho: Fraction = 0.9
    momentum: Fraction = 0.0
    epsilon: PositiveNumber = 1e-7
    centered: Flag = False

    @property
    def slots(self) -> int:
        """How many numbers are kept for each weight."""
        return 1 + bool(self.momentum) + self.centered


Optimizer = Annotated[SGD | Adam | AdamW | RMSprop, Field(discriminator="name")]
