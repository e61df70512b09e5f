"""Optimizers that follow the gradient, or divide it by what its squares have added up to."""

from typing import Annotated, Literal

from pydantic import Field

from normlab.spec.fields import Flag, Fraction, NonNegativeNumber, Number, PositiveNumber
from normlab.spec.optimizers.base import BaseOptimizer


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


class Adagrad(BaseOptimizer):
    """Steps divided by the root of the sum of all squared gradients so far.

    Duchi, Hazan and Singer, "Adaptive subgradient methods" (2011).
    """

    keras_class = "Adagrad"

    name: Literal["adagrad"]
    initial_accumulator_value: NonNegativeNumber = 0.1
    """What the sum of squares begins with."""
    epsilon: PositiveNumber = 1e-7
    """Added under the root, against division by zero."""

    @property
    def slots(self) -> int:
        """See the base class."""
        return 1


class Adadelta(BaseOptimizer):
    """Steps as large as the moving mean of steps, by that of gradients; the paper's learning rate is 1.

    Zeiler, "ADADELTA" (2012).
    """

    keras_class = "Adadelta"

    name: Literal["adadelta"]
    rho: Fraction = 0.95
    """How much of both moving means of squares is kept at each step."""
    epsilon: PositiveNumber = 1e-7
    """Added to the means of squares."""

    @property
    def slots(self) -> int:
        """See the base class."""
        return 2


class Ftrl(BaseOptimizer):
    """Follow the regularized leader, with the L1 and L2 penalties in its step.

    McMahan and others, "Ad click prediction" (2013).
    """

    keras_class = "Ftrl"

    name: Literal["ftrl"]
    learning_rate_power: Annotated[Number, Field(le=0)] = -0.5
    """How the learning rate falls with the sum of squared gradients; 0: it does not."""
    initial_accumulator_value: NonNegativeNumber = 0.1
    """What the sum of squares begins with."""
    l1_regularization_strength: NonNegativeNumber = 0.0
    """Of the absolute weights."""
    l2_regularization_strength: NonNegativeNumber = 0.0
    """Of the squared weights."""
    l2_shrinkage_regularization_strength: NonNegativeNumber = 0.0
    """Of the squared weights, by way of the gradient."""

    @property
    def slots(self) -> int:
        """See the base class."""
        return 2


class Lion(BaseOptimizer):
    """Steps of one length in each direction: the sign of a moving mean of gradients. Take a tenth of Adam's rate.

    Chen and others, "Symbolic discovery of optimization algorithms" (2023).
    """

    keras_class = "Lion"

    name: Literal["lion"]
    beta_1: Annotated[Fraction, Field(gt=0)] = 0.9
    """How much of the moving mean is in the direction of a step."""
    beta_2: Fraction = 0.99
    """How much of the moving mean is kept at each step."""

    @property
    def slots(self) -> int:
        """See the base class."""
        return 1
