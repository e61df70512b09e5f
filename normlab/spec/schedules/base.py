"""What every schedule has: a warm-up, and the factor on the learning rate at each step."""

from typing import Annotated, ClassVar

from normlab.spec.fields import OMITTED_IF_UNSET, SpecModel, WholeNumber


class BaseSchedule(SpecModel):
    """What every schedule has."""

    counts_from_the_start: ClassVar[bool] = False
    """Whether its epochs are those of the run; otherwise they are counted from the end of the warm-up."""

    name: str
    warmup_steps: Annotated[WholeNumber, OMITTED_IF_UNSET] = 0
    """How many steps the rate rises at first, from 0 in a straight line."""

    def at(self, epoch: int, step: int, steps: int, epochs: int) -> float:
        """The factor at a step (from 0) of an epoch (from 1), of ``epochs`` that have ``steps`` each."""
        done = (epoch - 1) * steps + step
        risen = min(done / self.warmup_steps, 1.0) if self.warmup_steps else 1.0
        late = 0.0 if self.counts_from_the_start else self.warmup_steps / steps
        return risen * self.shape(max(epoch - 1 + step / steps - late, 0.0), epochs - late)

    def shape(self, epoch: float, epochs: float) -> float:
        """The factor, apart from the warm-up, when ``epoch`` epochs (with fraction) of ``epochs`` are done."""
        raise NotImplementedError
