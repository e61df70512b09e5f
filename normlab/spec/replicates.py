"""How many pairs of runs a comparison is to have."""

from typing import Self

from pydantic import model_validator

from normlab.spec.fields import PositiveInteger, SpecModel

MIN_PAIRS = 3
"""With fewer pairs there is no verdict: two differences that happen to be alike show no small spread."""


class Replicates(SpecModel):
    """How many pairs: ``start``, and if that decides nothing, ``step`` more at a time up to ``max``."""

    start: PositiveInteger
    max: PositiveInteger
    step: PositiveInteger = 1

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max < self.start:
            raise ValueError(f"max should be at least start ({self.start}), not {self.max}")
        if self.until_decided and self.start < MIN_PAIRS:
            raise ValueError(f"start should be at least {MIN_PAIRS}, since fewer pairs give no verdict")
        return self

    @property
    def until_decided(self) -> bool:
        """Whether the number of pairs depends on what they show."""
        return self.max > self.start
