"""Learning-rate schedules. Each gives the factor on the optimizer's learning rate at a point of the run."""

from math import cos, floor, pi
from typing import Annotated, Literal

from pydantic import Field, field_validator

from normlab.spec.fields import Flag, Fraction, NonNegativeNumber, PositiveNumber, SpecModel


class Constant(SpecModel):
    """The optimizer's learning rate throughout."""

    name: Literal["constant"]

    def factor(self, epoch: float, epochs: int) -> float:  # noqa: ARG002  (the same at every point)
        """The factor ``epoch`` epochs (with fraction) into a run of ``epochs``."""
        return 1.0


class Cosine(SpecModel):
    """Half a cosine from 1 to ``alpha`` over the run, after a linear warm-up from 0.

    Keras's ``CosineDecay``; Loshchilov and Hutter, "SGDR" (2017), without restarts.
    """

    name: Literal["cosine"]
    alpha: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0
    warmup_epochs: NonNegativeNumber = 0.0

    def factor(self, epoch: float, epochs: int) -> float:
        """The factor ``epoch`` epochs (with fraction) into a run of ``epochs``."""
        if epoch < self.warmup_epochs:
            return epoch / self.warmup_epochs
        decaying = epochs - self.warmup_epochs
        done = min((epoch - self.warmup_epochs) / decaying, 1.0) if decaying > 0 else 1.0
        return (1 - self.alpha) * 0.5 * (1 + cos(pi * done)) + self.alpha


class Exponential(SpecModel):
    """``decay_rate`` to the power of ``epoch / decay_epochs``; in whole powers if ``staircase``.

    Keras's ``ExponentialDecay``.
    """

    name: Literal["exponential"]
    decay_rate: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.9
    decay_epochs: PositiveNumber = 1.0
    staircase: Flag = False

    def factor(self, epoch: float, epochs: int) -> float:  # noqa: ARG002  (does not depend on the run's length)
        """The factor ``epoch`` epochs (with fraction) into a run of ``epochs``."""
        power = epoch / self.decay_epochs
        return float(self.decay_rate ** (floor(power) if self.staircase else power))


class Step(SpecModel):
    """Times ``factor_per_step`` at the end of each epoch in ``epochs`` (1-based)."""

    name: Literal["step"]
    epochs: Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=1, max_length=1000)]
    factor_per_step: Fraction = 0.1

    @field_validator("epochs")
    @classmethod
    def _rising(cls, epochs: tuple[int, ...]) -> tuple[int, ...]:
        if list(epochs) != sorted(set(epochs)):
            raise ValueError("the epochs should rise from one to the next")
        return epochs

    def factor(self, epoch: float, epochs: int) -> float:  # noqa: ARG002  (does not depend on the run's length)
        """The factor ``epoch`` epochs (with fraction) into a run of ``epochs``."""
        return float(self.factor_per_step ** sum(epoch >= boundary for boundary in self.epochs))


Schedule = Annotated[Constant | Cosine | Exponential | Step, Field(discriminator="name")]
