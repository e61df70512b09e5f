"""Optimizers with Keras's own names, parameters and defaults (but sgd's learning rate is the notebook's).

A new one is a class in one of these files and its place in the union below.
"""

from typing import Annotated

from pydantic import Field

from normlab.spec.kinds import kinds_of
from normlab.spec.optimizers.adam import Adam, Adamax, AdamW, Lamb, Nadam, ScheduleFreeAdamW
from normlab.spec.optimizers.base import BaseOptimizer, DecayExclusion
from normlab.spec.optimizers.matrix import Adafactor, Muon
from normlab.spec.optimizers.plain import SGD, Adadelta, Adagrad, Ftrl, Lion, RMSprop

_AnyOptimizer = (
    SGD
    | Adam
    | AdamW
    | RMSprop
    | Adamax
    | Nadam
    | Adagrad
    | Adadelta
    | Lion
    | Lamb
    | Adafactor
    | Ftrl
    | Muon
    | ScheduleFreeAdamW
)

Optimizer = Annotated[_AnyOptimizer, Field(discriminator="name")]

OPTIMIZERS = kinds_of(_AnyOptimizer, "name", BaseOptimizer)
"""Every optimizer by its ``name``."""

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "BaseOptimizer",
    "DecayExclusion",
    "Muon",
    "Optimizer",
    "ScheduleFreeAdamW",
]
