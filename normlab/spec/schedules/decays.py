"""Schedules by which the rate stays, or falls once."""

from math import cos, floor, pi
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from normlab.spec.fields import Flag, Fraction, NonNegativeNumber, PositiveNumber
from normlab.spec.schedules.base import BaseSchedule


class Constant(BaseSchedule):
    """The optimizer's learning rate throughout."""

    name: Literal["constant"]

    def shape(self, epoch: float, epochs: float) -> float:  # noqa: ARG002  (the same at every point)
        """See the base class."""
        return 1.0


class Cosine(BaseSchedule):
    """Half a cosine from 1 to ``alpha`` over the run, after a linear warm-up from 0.

    Keras's ``CosineDecay``; Loshchilov and Hutter, "SGDR" (2017), without restarts.
    """

    name: Literal["cosine"]
    alpha: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0
    """The factor at the end of the run."""
    warmup_epochs: NonNegativeNumber = 0.0
    """How long the rate rises at first; may be a fraction."""

    @model_validator(mode="after")
    def _one_warm_up(self) -> Self:
        if self.warmup_steps and self.warmup_epochs:
            raise ValueError("the warm-up is given twice: leave out warmup_steps or warmup_epochs")
        return self

    def shape(self, epoch: float, epochs: float) -> float:
        """See the base class."""
        if epoch < self.warmup_epochs:
            return epoch / self.warmup_epochs
        decaying = epochs - self.warmup_epochs
        done = min((epoch - self.warmup_epochs) / decaying, 1.0) if decaying > 0 else 1.0
        return (1 - self.alpha) * 0.5 * (1 + cos(pi * done)) + self.alpha


class Exponential(BaseSchedule):
    """``decay_rate`` to the power of ``epoch / decay_epochs``; in whole powers if ``staircase``.

    Keras's ``ExponentialDecay``.
    """

    name: Literal["exponential"]
    decay_rate: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.9
    """The factor of ``decay_epochs`` epochs."""
    decay_epochs: PositiveNumber = 1.0
    """May be a fraction."""
    staircase: Flag = False
    """Whether the rate falls in steps."""

    def shape(self, epoch: float, epochs: float) -> float:  # noqa: ARG002  (does not depend on the run's length)
        """See the base class."""
        power = epoch / self.decay_epochs
        return float(self.decay_rate ** (floor(power) if self.staircase else power))


class Step(BaseSchedule):
    """Times ``factor_per_step`` at the end of each epoch in ``epochs`` (1-based)."""

    counts_from_the_start = True

    name: Literal["step"]
    epochs: Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=1, max_length=1000)]
    """Rising numbers of epochs."""
    factor_per_step: Fraction = 0.1
    """What the rate is multiplied by at each step."""

    @field_validator("epochs")
    @classmethod
    def _rising(cls, epochs: tuple[int, ...]) -> tuple[int, ...]:
        if list(epochs) != sorted(set(epochs)):
            raise ValueError("the epochs should rise from one to the next")
        return epochs

    def shape(self, epoch: float, epochs: float) -> float:  # noqa: ARG002  (does not depend on the run's length)
        """See the base class."""
        return float(self.factor_per_step ** sum(epoch >= boundary for boundary in self.epochs))
