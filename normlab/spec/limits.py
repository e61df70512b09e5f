"""The largest job, comparison, sweep and dataset that is taken. Each is a setting (``NORMLAB_LIMITS__EPOCHS=500``)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt


class Limits(BaseModel):
    """What one job may ask for. The defaults fit a machine with 2 cores and 4 GiB for each worker child."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layers: PositiveInt = 200
    """Layers of an architecture, without the output layer; those in blocks as often as they are repeated, and
    those that merge."""
    units: PositiveInt = 65_536
    """Units of one dense layer, filters of one convolution."""
    parameters: PositiveInt = 50_000_000
    """Numbers that a network keeps, trainable or not."""
    epochs: PositiveInt = 10_000
    """Epochs of one job."""
    batch_size: PositiveInt = 10_000
    """Samples of one training step."""
    training_bytes: PositiveInt = 4 * 2**30
    """Estimated memory of a training run: data, weights, optimizer state, activations of one batch."""
    multiplications_per_sample: PositiveInt = 5_000_000_000
    """Multiply-adds of one forward pass of one sample."""
    comparison_arms: Annotated[int, Field(ge=2)] = 8
    """Arms of one comparison."""
    comparison_jobs: Annotated[int, Field(ge=2)] = 400
    """Arms times the largest number of replicates."""
    sweep_jobs: Annotated[int, Field(ge=2)] = 1000
    """Of one sweep: arms times points times seeds, however its budget is given."""


class DatasetLimits(BaseModel):
    """What a worker takes of a dataset that is added; what is more is refused with the name of the setting."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_classes: Annotated[int, Field(ge=2, le=10_000)] = 10_000
    """More are in no spec."""
    max_values_per_sample: PositiveInt = 4_194_304
    """Height times width times channels: 4 Mi, more than 1024 by 1024 in colour."""
    max_samples: PositiveInt = 20_000_000
    """Of the whole dataset: labels, unlike pixels, are held in memory while the parts are drawn."""
    max_decoded_bytes: PositiveInt = 64 << 30
    """Of the whole dataset when it is decoded: what a bomb is stopped at."""
    max_pixels: PositiveInt = 64 << 20
    """Of one image file before it is made smaller, height times width; what says that it has more is left out."""
    max_unreadable: NonNegativeInt = 100
    """Files that may be left out before the dataset is refused."""
