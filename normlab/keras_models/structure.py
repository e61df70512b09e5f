"""Which layers of a network stand one behind the other, and where branches part and meet again."""

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from normlab.keras_models.network import MAX_NESTING, Network
from normlab.keras_models.reading import whole_model
from normlab.keras_models.report import Node, Report


@dataclass(frozen=True)
class Join:
    """Branches that part behind one layer and come together in another."""

    node: Node
    """Where they come together."""
    branches: "tuple[Chain, ...]"


Chain = tuple["Node | Join", ...]
"""One behind the other."""


def chain_of(network: Network, report: Report) -> Chain:
    """All of a network as one chain, without its input layer.

    What is not made of branches that part and meet again is noted in the report.
    """
    order = list(network.nodes)
    places = {name: place for place, name in enumerate(order)}
    for name, reads in network.inputs.items():
        if any(places.get(source, places[name]) >= places[name] for source in reads):
            raise whole_model(f"its layer {name} reads a layer that does not come before it")
    return _Parser(network, places, report).all()


class _Parser:
    def __init__(self, network: Network, places: Mapping[str, int], report: Report) -> None:
        self._network, self._places, self._report = network, places, report
        self._order = list(network.nodes)
        self._taken: dict[str, int] = {}

    def all(self) -> Chain:
        """The chain from the input to the output."""
        first = self._order[0]
        is_input = self._network.nodes[first].class_name == "InputLayer"
        chain = self._between(first if is_input else None, self._network.last)
        for name in self._order[1 if is_input else 0 :]:
            if self._taken.get(name, 0) > 1:
                self._report.refuse(
                    self._network.nodes[name],
                    "leads into branches that do not meet again at one layer: Normlab's branches part behind one layer "
                    "and all come together in one",
                )
        return chain

    def _between(self, start: str | None, end: str, depth: int = 0) -> Chain:
        """The layers behind ``start`` up to ``end``."""
        if depth > MAX_NESTING:
            raise whole_model(f"has branches in each other deeper than {MAX_NESTING}")
        found: list[Node | Join] = []
        name: str | None = end
        while name is not None and name != start:
            self._taken[name] = self._taken.get(name, 0) + 1
            if self._taken[name] > 1:
                break
            node, reads = self._network.nodes[name], self._network.inputs[name]
            if len(reads) > 1 and not self._is_one(node, reads):
                name = self._meeting(reads)
                found.append(Join(node, tuple(self._between(name, source, depth + 1) for source in reads)))
            else:
                found.append(node)
                name = reads[0] if reads else None
        return tuple(reversed(found))

    def _is_one(self, node: Node, reads: tuple[str, ...]) -> bool:
        """Whether a layer takes one tensor several times as one input: attention to itself."""
        return node.class_name in _SEVERAL_TIMES and len(set(reads)) == 1

    def _meeting(self, reads: tuple[str, ...]) -> str:
        """The last layer through which all ways from the input lead to these."""
        waiting = {self._places[name] for name in reads}
        latest = [-place for place in waiting]
        heapify(latest)
        while len(waiting) > 1:
            # What comes last of all is no layer through which the others' ways lead: what it reads takes its place.
            place = -heappop(latest)
            waiting.remove(place)
            for source in self._network.inputs[self._order[place]]:
                if (before := self._places[source]) not in waiting:
                    waiting.add(before)
                    heappush(latest, -before)
        return self._order[waiting.pop()]


_SEVERAL_TIMES = {"MultiHeadAttention"}
"""Layers that take several inputs, which may be one."""
