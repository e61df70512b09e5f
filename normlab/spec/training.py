"""How a network is trained. The defaults are the notebook's."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from normlab.spec.augmentation import AUGMENTATIONS, MAX_AUGMENTATIONS, Augmentation
from normlab.spec.fields import (
    OMITTED_IF_UNSET,
    Flag,
    Integer,
    NonNegativeNumber,
    PositiveInteger,
    SpecModel,
    one_of,
)
from normlab.spec.kinds import names_alone
from normlab.spec.losses import LOSSES, PLAIN, ClassWeight, Loss
from normlab.spec.monitors import Monitor
from normlab.spec.optimizers import OPTIMIZERS, SGD, Optimizer
from normlab.spec.schedules import SCHEDULES, Constant, Schedule

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

    monitor: Monitor = "val_loss"
    """What is watched."""
    min_delta: NonNegativeNumber = 0.0
    """What it has to get better by."""
    patience: Annotated[Integer, Field(ge=0)] = 3
    """How many epochs may pass without that."""
    restore_best_weights: Flag = False
    """Whether the weights of the best epoch are kept rather than the last."""


def _named(value: Any) -> Any:
    """``"adam"`` is short for ``{"name": "adam"}``."""
    return {"name": value} if isinstance(value, str) else value


_Augmentation = Annotated[
    Augmentation,
    BeforeValidator(_named, json_schema_input_type=one_of(names_alone(AUGMENTATIONS)) | Augmentation),
]


class TrainingSpec(SpecModel):
    """How a network is trained: a loss, mini-batches, one optimizer."""

    loss: Annotated[Loss, Field(exclude_if=lambda loss: loss == PLAIN)] = PLAIN
    """What is made smaller; a name is short for its defaults."""
    class_weight: Annotated[ClassWeight | None, OMITTED_IF_UNSET] = None
    """How much each class counts in the training's loss: `"balanced"` makes up for the number of its training samples;
    given, `{"0": 1.0, "3": 2.5}`, a class that is left out counts 1. Null: all the same."""
    optimizer: Optimizer = SGD(name="sgd")
    """How the weights follow the gradient; a name is short for its defaults."""
    learning_rate_schedule: Schedule = Constant(name="constant")
    """How the optimizer's learning rate changes in the course of the run."""
    augmentation: Annotated[
        tuple[_Augmentation, ...], Field(max_length=MAX_AUGMENTATIONS), OMITTED_IF_UNSET
    ] = ()
    """How training pictures are changed before each step, in this order; a name is short for its defaults."""
    epochs: PositiveInteger = 10
    """Passes over the training samples."""
    batch_size: PositiveInteger = 32
    """Samples of one step; the last step of an epoch has what is left."""
    seed: Annotated[Integer, Field(ge=0, le=SEED_MAX)] = 42
    """Of the first weights, the order of the samples, and dropout."""
    shuffle: Flag = True
    """Whether each epoch has an order of its own."""
    early_stopping: EarlyStopping | None = None
    """When to end before the last epoch; null: never."""
    target_accuracy: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    """The validation accuracy whose first reaching is recorded; the run goes on."""
    precision: Precision = Precision.FLOAT32
    """What is computed in; weights, evaluation and exports stay float32."""

    # A string is told to the JSON schema, too, which clients and editors check requests with.
    _optimizer = field_validator(
        "optimizer", mode="before", json_schema_input_type=one_of(names_alone(OPTIMIZERS)) | Optimizer
    )(_named)
    _loss = field_validator("loss", mode="before", json_schema_input_type=one_of(names_alone(LOSSES)) | Loss)(
        _named
    )
    _schedule = field_validator(
        "learning_rate_schedule",
        mode="before",
        json_schema_input_type=one_of(names_alone(SCHEDULES)) | Schedule,
    )(_named)
