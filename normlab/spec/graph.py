"""What follows from which planned layer reads which: values on their way through a network, and what lies before."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from normlab.spec.layers import WithKernel

if TYPE_CHECKING:
    from normlab.spec.plan import PlannedLayer  # which knows job specs, and these know probes

NETWORK_INPUT = "input"
"""What a layer reads that reads no other layer: the dataset's scaled pixels."""

Planned: TypeAlias = "Sequence[PlannedLayer]"
T = TypeVar("T")


def flow(planned: Planned, entering: T, through: Callable[["PlannedLayer", Sequence[T]], T]) -> T:
    """What leaves the last layer when ``entering`` enters the network.

    ``through`` gives what leaves a layer when these values enter it. A value is dropped when no layer
    needs it any more.
    """
    last = _last_readers(planned)
    values = {NETWORK_INPUT: entering}
    for item in planned:
        values[item.name] = through(item, [values[name] for name in item.inputs])
        for name in set(item.inputs):
            if last[name] == item.name:
                del values[name]
    return values[planned[-1].name]


def sizes_together(planned: Planned) -> Iterator[int]:
    """While each layer is computed: how many numbers of a sample are held, what leaves the layer included.

    All that some layer still needs is held, one layer being computed after the other.
    """
    last = _last_readers(planned)
    held = {NETWORK_INPUT: prod(planned[0].input_shape)}
    for item in planned:
        held[item.name] = prod(item.output_shape)
        yield sum(held.values())
        for name in set(item.inputs):
            if last[name] == item.name:
                del held[name]


def _last_readers(planned: Planned) -> Mapping[str, str]:
    return {name: item.name for item in planned for name in item.inputs}


def readers(planned: Planned) -> Mapping[str, "list[PlannedLayer]"]:
    """Of each layer, those that read it."""
    reading: dict[str, list[PlannedLayer]] = {item.name: [] for item in planned}
    for item in planned:
        for name in item.inputs:
            if name != NETWORK_INPUT:
                reading[name].append(item)
    return reading


def layers_below(planned: Planned) -> Mapping[str, frozenset[str]]:
    """Of each layer, the names of all from which its input comes."""
    below: dict[str, frozenset[str]] = {NETWORK_INPUT: frozenset()}
    for item in planned:
        inputs = set(item.inputs) - {NETWORK_INPUT}
        below[item.name] = frozenset(inputs).union(*(below[name] for name in inputs))
    return below


def reaches_the_end(planned: Planned, name: str, without: Collection[str] = ()) -> bool:
    """Whether what leaves a layer comes to the last one by a way on which none of ``without`` lies."""
    reached = {name} - set(without)
    for item in planned:
        if item.name not in without and reached.intersection(item.inputs):
            reached.add(item.name)
    return planned[-1].name in reached


def kernel_depths(planned: Planned) -> Mapping[str, int]:
    """Of each layer, through how many layers with kernels its input has come, on the longest way."""
    depths, after = {}, {NETWORK_INPUT: 0}
    for item in planned:
        depth = depths[item.name] = max(after[name] for name in item.inputs)
        after[item.name] = depth + isinstance(item.layer, WithKernel)
    return depths
