"""How large a job is, worked out from its spec alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod

from pydantic import BaseModel, ConfigDict

from normlab.spec.job import JobSpec
from normlab.spec.layers import BaseLayer, Dense, Shape, Variable, describe

FLOAT_BYTES = 4
OUTPUT_LAYER = "output"


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
    """Data, weights, gradients, optimizer state, and the activations of one batch kept for its gradients."""
    steps_per_epoch: int


@dataclass(frozen=True)
class PlannedLayer:
    """A layer with its name and what enters and leaves it."""

    name: str
    layer: BaseLayer
    input_shape: Shape
    output_shape: Shape

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables that the layer will have."""
        return self.layer.variables(self.input_shape)


class UnbuildableError(ValueError):
    """Layer ``index`` cannot be built on what enters it (an index past the end: the output layer)."""

    def __init__(self, index: int, detail: str) -> None:
        self.index = index
        super().__init__(detail)


def plan(layers: Sequence[BaseLayer], input_shape: Shape, classes: int) -> tuple[PlannedLayer, ...]:
    """The layers with their names and shapes, the output layer included.

    Raises ``UnbuildableError`` at the first layer that does not fit what enters it.
    """
    planned: list[PlannedLayer] = []
    shape = input_shape
    counts: dict[str, int] = {}
    for index, layer in enumerate(layers):
        kind = layer.type
        counts[kind] = counts.get(kind, 0) + 1
        try:
            output_shape = layer.output_shape(shape)
        except ValueError as error:
            raise UnbuildableError(index, str(error)) from None
        planned.append(PlannedLayer(f"{kind}_{counts[kind]}", layer, shape, output_shape))
        shape = output_shape
    if len(shape) != 1:
        raise UnbuildableError(
            len(layers),
            f"the output layer needs one row of values, but {describe(shape)} reaches it: "
            'end the layers with {"type": "flatten"} or {"type": "global_average_pooling2d"}',
        )
    output = Dense(type="dense", units=classes)
    return (*planned, PlannedLayer(OUTPUT_LAYER, output, shape, output.output_shape(shape)))


def plan_job(spec: JobSpec) -> tuple[PlannedLayer, ...]:
    """``plan`` for a job."""
    return plan(spec.architecture.layers, spec.dataset.info.shape, spec.dataset.info.class_count)


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
    values = parameters + trainable * (1 + spec.training.optimizer.slots)
    # Each layer's output is kept for its gradient, which is as large again.
    activations = 2 * sum(prod(layer.output_shape) for layer in layers) * spec.training.batch_size
    info = spec.dataset.info
    pixels = (info.training_samples + info.test_samples) * prod(info.shape)
    return Estimate(
        layers=layers,
        parameters=parameters,
        trainable_parameters=trainable,
        multiplications_per_sample=sum(layer.multiplications_per_sample for layer in layers),
        training_bytes=(values + activations + pixels) * FLOAT_BYTES,
        steps_per_epoch=ceil(spec.dataset.trained_on / spec.training.batch_size),
    )
