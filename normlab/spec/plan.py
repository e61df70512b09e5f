"""An architecture's layers as they will be built: named, with the shapes between them, and with the output layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from normlab.spec.job import JobSpec
from normlab.spec.layers import BaseLayer, Dense, Shape, Variable, describe

OUTPUT_LAYER = "output"


@dataclass(frozen=True)
class PlannedLayer:
    """A layer with its name and what enters and leaves it."""

    name: str
    layer: BaseLayer
    input_shape: Shape
    output_shape: Shape

    @cached_property
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

    >>> from normlab.spec import preset_layers
    >>> [(layer.name, layer.output_shape) for layer in plan(preset_layers("baseline"), (28, 28), classes=10)][-2:]
    [('activation_2', (100,)), ('output', (10,))]

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
