"""The largest job, and comparison, that is accepted. Each is a setting (``NORMLAB_LIMITS__EPOCHS=500``)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveInt


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
