"""Schedules by which the rate rises again."""

from math import cos, floor, log1p, pi
from typing import Annotated, Literal

from pydantic import Field, Strict

from normlab.spec.schedules.base import BaseSchedule

_AtLeastOne = Annotated[float, Strict(), Field(ge=1, allow_inf_nan=False)]
_Share = Annotated[float, Strict(), Field(ge=0, le=1, allow_inf_nan=False)]

_LAST_DIGITS = 1e-9
"""By so much, as a part of itself, may a step's place in the run be less than the cycle's end that it is at: both are
quotients, whose last digit else decides between the lowest rate and the highest."""


class CosineRestarts(BaseSchedule):
    """Half a cosine from 1 to ``alpha`` again and again, each time longer and from less high up.

    Keras's ``CosineDecayRestarts``; Loshchilov and Hutter, "SGDR" (2017). The highest rate of cycle n (from 0) is
    ``m_mul`` to the power of n, and its length ``first_decay_epochs`` times ``t_mul`` to the power of n.
    """

    name: Literal["cosine_restarts"]
    first_decay_epochs: Annotated[float, Strict(), Field(ge=0.001, allow_inf_nan=False)] = 1.0
    """How long the first cosine is; may be a fraction."""
    t_mul: _AtLeastOne = 2.0
    """By how much each cosine is longer than the one before."""
    m_mul: _Share = 1.0
    """What each cosine's beginning is of that of the one before."""
    alpha: _Share = 0.0
    """The factor at a cosine's end."""

    def shape(self, epoch: float, epochs: float) -> float:  # noqa: ARG002  (does not depend on the run's length)
        """See the base class."""
        cycles = epoch / self.first_decay_epochs
        nearly = cycles * (1 + _LAST_DIGITS)
        if self.t_mul == 1:
            number = floor(nearly)
            done = cycles - number
        else:
            number = floor(log1p(nearly * (self.t_mul - 1)) / log1p(self.t_mul - 1))
            # The logarithms' last digit decides at a cycle's end.
            if self._start(number) > nearly:
                number -= 1
            elif self._start(number + 1) <= nearly:
                number += 1
            done = (cycles - self._start(number)) / self.t_mul**number
        return (1 - self.alpha) * 0.5 * self.m_mul**number * (1 + cos(pi * max(done, 0.0))) + self.alpha

    def _start(self, number: int) -> float:
        """Where a cycle (from 0) begins, in lengths of the first one."""
        return (self.t_mul**number - 1) / (self.t_mul - 1)


class OneCycle(BaseSchedule):
    """Up to the optimizer's learning rate and down to nearly nothing, each by half a cosine, over the run.

    Smith and Topin, "Super-convergence" (2018), as PyTorch's ``OneCycleLR`` has it, without a cycle of the momentum.
    ``warmup_steps`` are the steps of the way up, if they are given.
    """

    name: Literal["one_cycle"]
    pct_start: Annotated[float, Strict(), Field(gt=0, lt=1, allow_inf_nan=False)] = 0.3
    """The part of the run in which the rate rises."""
    div_factor: _AtLeastOne = 25.0
    """What the highest rate is of the first one."""
    final_div_factor: _AtLeastOne = 1e4
    """What the first rate is of the last one."""

    def at(self, epoch: int, step: int, steps: int, epochs: int) -> float:
        """See the base class."""
        done, last = (epoch - 1) * steps + step, steps * epochs - 1
        top = float(self.warmup_steps) if self.warmup_steps else self.pct_start * steps * epochs - 1
        if done <= top and top > 0:
            return _between(1 / self.div_factor, 1.0, done / top)
        lowest = 1 / (self.div_factor * self.final_div_factor)
        return _between(1.0, lowest, (done - top) / (last - top) if last > top else 1.0)


def _between(start: float, end: float, done: float) -> float:
    """The value by half a cosine when ``done`` (0 to 1) of the way from start to end is behind."""
    return end + (start - end) / 2 * (1 + cos(pi * done))
