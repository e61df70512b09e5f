"""How large a job is, worked out from its spec alone."""

from math import ceil

from pydantic import BaseModel, ConfigDict

from normlab.spec.job import JobSpec
from normlab.spec.memory import training_bytes
from normlab.spec.plan import plan_job


class LayerEstimate(BaseModel):
    """One layer as it will be built. Shapes are without the batch dimension."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: str
    output_shape: tuple[int, ...]
    parameters: int
    trainable_parameters: int
    multiplications_per_sample: int


class Estimate(BaseModel):
    """The size of a job."""

    model_config = ConfigDict(frozen=True)

    layers: tuple[LayerEstimate, ...]
    """With the output layer that Normlab adds."""
    parameters: int
    trainable_parameters: int
    multiplications_per_sample: int
    """Multiply-adds of one forward pass; a training step takes about three times as many."""
    training_bytes: int
    """Memory at its largest: data, copies of weights and optimizer state, the activations of one batch."""
    steps_per_epoch: int


def estimate(spec: JobSpec) -> Estimate:
    """The size of a job whose spec can be built."""
    planned = plan_job(spec)
    layers = tuple(
        LayerEstimate(
            name=item.name,
            type=item.layer.type,
            output_shape=item.output_shape,
            parameters=sum(variable.size for variable in item.variables),
            trainable_parameters=sum(variable.size for variable in item.variables if variable.trainable),
            multiplications_per_sample=item.layer.multiplications(item.input_shape),
        )
        for item in planned
    )
    parameters = sum(layer.parameters for layer in layers)
    trainable = sum(layer.trainable_parameters for layer in layers)
    return Estimate(
        layers=layers,
        parameters=parameters,
        trainable_parameters=trainable,
        multiplications_per_sample=sum(layer.multiplications_per_sample for layer in layers),
        training_bytes=training_bytes(spec, planned),
        steps_per_epoch=ceil(spec.dataset.trained_on / spec.training.batch_size),
    )
