"""Adam and its kin: moving means of gradients and of their squares."""

from typing import Literal, Self

from pydantic import model_validator

from normlab.spec.fields import Flag, Fraction, NonNegativeNumber, PositiveNumber
from normlab.spec.optimizers.base import BaseOptimizer


class _Moments(BaseOptimizer):
    """What all of them take."""

    beta_1: Fraction = 0.9
    """How much of the gradients' moving mean is kept at each step."""
    beta_2: Fraction = 0.999
    """The same of their squares."""
    epsilon: PositiveNumber = 1e-7
    """Added to the root of the squares, against division by zero."""

    @property
    def slots(self) -> int:
        """See the base class."""
        return 2


class Adam(_Moments):
    """Adam."""

    keras_class = "Adam"

    name: Literal["adam"]
    amsgrad: Flag = False
    """Whether the largest moving mean of squares so far counts."""

    @property
    def slots(self) -> int:
        """See the base class."""
        return 3 if self.amsgrad else 2


class AdamW(_Moments):
    """Adam with decoupled weight decay."""

    keras_class = "AdamW"

    name: Literal["adamw"]
    weight_decay: NonNegativeNumber | None = 0.004
    amsgrad: Flag = False
    """Whether the largest moving mean of squares so far counts."""

    @property
    def slots(self) -> int:
        """See the base class."""
        return 3 if self.amsgrad else 2


class Adamax(_Moments):
    """Adam with the largest absolute gradient, which fades, in place of the mean of squares.

    Kingma and Ba, "Adam" (2015), section 7.
    """

    keras_class = "Adamax"

    name: Literal["adamax"]


class Nadam(_Moments):
    """Adam with Nesterov's momentum.

    Dozat, "Incorporating Nesterov momentum into Adam" (2016).
    """

    keras_class = "Nadam"

    name: Literal["nadam"]


class Lamb(_Moments):
    """Adam whose step in each variable is as long as the variable's norm says. For large batches.

    You and others, "Large batch optimization for deep learning" (2020).
    """

    keras_class = "Lamb"

    name: Literal["lamb"]


class ScheduleFreeAdamW(_Moments):
    """Adam without a schedule: gradients are taken between the newest point and the mean of all, which is the network.

    Defazio and others, "The road less scheduled" (2024), with a plain mean of all points. The network that is
    evaluated, kept and exported is that mean, with batch normalization's statistics taken once more for it. Keras's own
    class loses the mean on TensorFlow and takes gradients at another point; Normlab's is the paper's.
    """

    keras_class = "ScheduleFreeAdamW"

    name: Literal["schedule_free_adamw"]
    learning_rate: PositiveNumber = 0.0025
    beta_1: Fraction = 0.9
    """How much of the mean is in the point at which the gradient is taken; must be above 0."""
    epsilon: PositiveNumber = 1e-8
    """Added to the root of the squares, against division by zero."""

    @model_validator(mode="after")
    def _what_it_cannot(self) -> Self:
        if self.weight_decay is not None:
            raise ValueError(
                "schedule_free_adamw takes no weight_decay, since Keras would shrink the point between and neither the "
                'newest nor the mean: give the layers a "kernel_regularizer"'
            )
        if self.ema_momentum is not None:
            raise ValueError("schedule_free_adamw keeps an average already: leave out ema_momentum")
        if self.beta_1 == 0:
            raise ValueError("beta_1 of schedule_free_adamw should be above 0: it divides by it")
        return self

    @property
    def averages(self) -> bool:
        """See the base class."""
        return True
