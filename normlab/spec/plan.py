"""An architecture's layers as they will be built: named, with the shapes between them, and with the output layer; on a
table behind one that prepares its rows.

Blocks are taken apart: each of their layers is planned, those of a repeat as often as they are repeated, and where
branches come together a layer that merges them. So whoever walks through a plan need not know of blocks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from normlab.spec.blocks import Joined, LayerOrBlock, Repeat
from normlab.spec.columns import Column
from normlab.spec.graph import NETWORK_INPUT
from normlab.spec.job import JobSpec
from normlab.spec.layers import BaseLayer, Dense, Preparation, Shape, Variable, describe
from normlab.spec.misfits import misfit

OUTPUT_LAYER = "output"
PREPARATION_LAYER = "preparation"


@dataclass(frozen=True)
class PlannedLayer:
    """A layer with its name and what enters and leaves it."""

    name: str
    layer: BaseLayer
    inputs: tuple[str, ...]
    """The planned layers that it reads, or ``NETWORK_INPUT``: one, or of a layer that merges all that it does."""
    input_shapes: tuple[Shape, ...]
    """What they give."""
    output_shape: Shape
    pointer: str
    """Where it is written in the architecture, as a JSON pointer: ``/layers/3/layers/1``. A layer that merges is where
    its block is, the output layer and what prepares a table where the layers are."""

    @property
    def input_shape(self) -> Shape:
        """What enters it; of a layer that merges the first."""
        return self.input_shapes[0]

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """The variables that the layer will have."""
        return self.layer.variables(self.input_shape)


class UnbuildableError(ValueError):
    """The layer at ``pointer`` of the architecture cannot be built on what enters it."""

    def __init__(self, pointer: str, detail: str) -> None:
        self.pointer = pointer
        super().__init__(detail)


def plan(
    layers: Sequence[LayerOrBlock],
    input_shape: Shape,
    units: int,
    columns: Sequence[Column] | None = None,
) -> tuple[PlannedLayer, ...]:
    """The layers with their names and shapes, each behind those that it reads, the output layer of so many units last;
    of a table with these ``columns`` behind the layer that prepares its rows.

    >>> from normlab.spec import preset_layers
    >>> [(layer.name, layer.output_shape) for layer in plan(preset_layers("baseline"), (28, 28), units=10)][-2:]
    [('activation_2', (100,)), ('output', (10,))]

    Raises ``UnbuildableError`` at the first layer that does not fit what enters it.
    """
    planner = _Planner()
    source = _Source(NETWORK_INPUT, input_shape)
    if columns is not None:
        source = planner.prepare(Preparation(columns=tuple(columns)), source)
    last = planner.chain(layers, source, "/layers")
    if len(last.shape) != 1:
        raise UnbuildableError(
            "/layers",
            f"the output layer needs one row of values, but {describe(last.shape)} reaches it: "
            'end the layers with {"type": "flatten"} or {"type": "global_average_pooling2d"}',
        )
    output = Dense(type="dense", units=units)
    return (
        *planner.planned,
        PlannedLayer(
            OUTPUT_LAYER, output, (last.name,), (last.shape,), output.output_shape(last.shape), "/layers"
        ),
    )


def plan_job(spec: JobSpec) -> tuple[PlannedLayer, ...]:
    """``plan`` for a job."""
    dataset = spec.dataset
    return plan(spec.architecture.layers, dataset.info.shape, dataset.info.output_units, dataset.columns)


def predicts_numbers(planned: Sequence[PlannedLayer]) -> bool:
    """Whether the output layer gives a number as it is, one unit, and no probabilities, which are of two classes or
    more."""
    return planned[-1].output_shape == (1,)


class _Source(NamedTuple):
    """What a layer reads."""

    name: str
    shape: Shape


class _Planner:
    """Plans layers one after the other."""

    def __init__(self) -> None:
        self.planned: list[PlannedLayer] = []
        self._counts: dict[str, int] = {}

    def prepare(self, layer: Preparation, source: _Source) -> _Source:
        """Plan what a table's rows go through; what leaves it."""
        shape = layer.output_shape(source.shape)
        self.planned.append(
            PlannedLayer(PREPARATION_LAYER, layer, (source.name,), (source.shape,), shape, "/layers")
        )
        return _Source(PREPARATION_LAYER, shape)

    def chain(self, layers: Sequence[LayerOrBlock], source: _Source, pointer: str) -> _Source:
        """Plan layers one behind the other; what leaves the last of them."""
        for number, item in enumerate(layers):
            place = f"{pointer}/{number}"
            match item:
                case Repeat():
                    source = self._repeat(item, source, place)
                case Joined():
                    source = self._join(item, source, place)
                case BaseLayer():
                    try:
                        shape = item.output_shape(source.shape)
                    except ValueError as error:
                        raise UnbuildableError(place, str(error)) from None
                    source = self._add(item, (source,), shape, place)
        return source

    def _repeat(self, block: Repeat, source: _Source, pointer: str) -> _Source:
        for time in range(1, block.times + 1):
            try:
                source = self.chain(block.layers, source, f"{pointer}/layers")
            except UnbuildableError as error:
                if time == 1:
                    raise
                raise UnbuildableError(error.pointer, f"{error} (time {time} of {block.times})") from None
        return source

    def _join(self, block: Joined, source: _Source, pointer: str) -> _Source:
        ends = tuple(self.chain(way.layers, source, f"{pointer}{way.pointer}") for way in block.ways)
        shapes = tuple(end.shape for end in ends)
        if (wrong := misfit(block, shapes)) is not None:
            where, sentence = wrong
            raise UnbuildableError(f"{pointer}{where}", sentence)
        return self._add(block.merging, ends, block.merging.merged_shape(shapes), pointer)

    def _add(self, layer: BaseLayer, sources: tuple[_Source, ...], shape: Shape, pointer: str) -> _Source:
        kind = layer.type
        self._counts[kind] = self._counts.get(kind, 0) + 1
        name = f"{kind}_{self._counts[kind]}"
        inputs, shapes = tuple(source.name for source in sources), tuple(source.shape for source in sources)
        self.planned.append(PlannedLayer(name, layer, inputs, shapes, shape, pointer))
        return _Source(name, shape)
