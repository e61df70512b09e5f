"""Learning-rate schedules. Each gives the factor on the optimizer's learning rate at each step of the run.

A new one is a class in one of these files and its place in the union below.
"""

from typing import Annotated

from pydantic import Field

from normlab.spec.kinds import kinds_of
from normlab.spec.schedules.base import BaseSchedule
from normlab.spec.schedules.cycles import CosineRestarts, OneCycle
from normlab.spec.schedules.decays import Constant, Cosine, Exponential, Step
from normlab.spec.schedules.plateau import ReduceOnPlateau

_AnySchedule = Constant | Cosine | Exponential | Step | CosineRestarts | OneCycle | ReduceOnPlateau

Schedule = Annotated[_AnySchedule, Field(discriminator="name")]

SCHEDULES = kinds_of(_AnySchedule, "name", BaseSchedule)
"""Every schedule by its ``name``."""

__all__ = [
    "SCHEDULES",
    "BaseSchedule",
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Exponential",
    "OneCycle",
    "ReduceOnPlateau",
    "Schedule",
    "Step",
]
