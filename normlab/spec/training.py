"""How a network is trained. The defaults are the notebook's."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from normlab.spec.fields import Flag, Integer, NonNegativeNumber, PositiveInteger, SpecModel
from normlab.spec.optimizers import SGD, Optimizer
from normlab.spec.schedules import Constant, Schedule

SEED_MAX = 2**31 - 1


class Precision(StrEnum):
    """Keras's dtype policies: what training computes in. Weights stay float32, and so does the network that is
    evaluated, exported and served.
    """

    FLOAT32 = "float32"
    MIXED_BFLOAT16 = "mixed_bfloat16"
    MIXED_FLOAT16 = "mixed_float16"


class EarlyStopping(SpecModel):
    """End the run when ``monitor`` has not got better by more than ``min_delta`` for ``patience`` epochs.

    Keras's ``EarlyStopping``. Losses get better downwards, accuracies upwards.
    """

    monitor: Literal["val_loss", "val_accuracy", "loss", "accuracy"] = "val_loss"
    min_delta: NonNegativeNumber = 0.0
    patience: Annotated[Integer, Field(ge=0)] = 3
    restore_best_weights: Flag = False


def _named(value: Any) -> Any:
    """``"adam"`` is short for ``{"name": "adam"}``."""
    return {"name": value} if isinstance(value, str) else value


class TrainingSpec(SpecModel):
    """How a network is trained: cross-entropy, mini-batches, one optimizer."""

    optimizer: Optimizer = SGD(name="sgd")
    learning_rate_schedule: Schedule = Constant(name="constant")
    epochs: PositiveInteger = 10
    batch_size: PositiveInteger = 32
    seed: Annotated[Integer, Field(ge=0, le=SEED_MAX)] = 42
    shuffle: Flag = True
    early_stopping: EarlyStopping | None = None
    target_accuracy: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    """The validation accuracy whose first reaching is recorded; the run goes on."""
    precision: Precision = Precision.FLOAT32

    # A string is told to the JSON schema, too, which clients and editors check requests with.
    _optimizer = field_validator("optimizer", mode="before", json_schema_input_type=str | Optimizer)(_named)
    _schedule = field_validator(
        "learning_rate_schedule", mode="before", json_schema_input_type=str | Schedule
    )(_named)
