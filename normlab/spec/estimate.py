"""How large a job is, worked out from its spec alone."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from normlab.spec.job import JobSpec
from normlab.spec.memory import training_bytes
from normlab.spec.plan import PlannedLayer, plan_job


class LayerEstimate(BaseModel):
    """One layer as it will be built. Shapes are without the batch dimension."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: str
    inputs: tuple[str, ...]
    """The layers that it reads: the one before it, but for branches; ``input`` is the dataset's pixels."""
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


class Totals(NamedTuple):
    """An estimate's figures for the network as a whole."""

    parameters: int
    trainable_parameters: int
    multiplications_per_sample: int
    training_bytes: int


def totals(spec: JobSpec, planned: Sequence[PlannedLayer]) -> Totals:
    """The size of a job as a whole, in less time than :func:`estimate` takes."""
    variables = [variable for item in planned for variable in item.variables]
    return Totals(
        parameters=sum(variable.size for variable in variables),
        trainable_parameters=sum(variable.size for variable in variables if variable.trainable),
        multiplications_per_sample=sum(item.layer.multiplications(item.input_shape) for item in planned),
        training_bytes=training_bytes(spec, planned),
    )


def estimate(spec: JobSpec) -> Estimate:
    """The size of a job whose spec can be built."""
    planned = plan_job(spec)
    layers = tuple(
        LayerEstimate(
            name=item.name,
            type=item.layer.type,
            inputs=item.inputs,
            output_shape=item.output_shape,
            parameters=sum(variable.size for variable in item.variables),
            trainable_parameters=sum(variable.size for variable in item.variables if variable.trainable),
            multiplications_per_sample=item.layer.multiplications(item.input_shape),
        )
        for item in planned
    )
    return Estimate(
        layers=layers,
        **totals(spec, planned)._asdict(),
        steps_per_epoch=spec.steps_per_epoch,
    )
