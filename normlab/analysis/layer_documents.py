"""Layers and blocks as a spec has them: plain JSON, which may be of another version than this."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from normlab.spec.layers import LAYERS, BaseLayer

Layer = Mapping[str, Any]


@dataclass(frozen=True)
class Joined:
    """A block whose ways come together again."""

    kind: str
    merge: str
    """How: ``add``, ``concatenate``, ``multiply``."""
    ways: tuple[Sequence[Layer], ...]


def kind_of(layer: Layer) -> type[BaseLayer]:
    """The kind of a layer, which may be one of another version that is not known here."""
    return LAYERS.get(str(layer["type"]), BaseLayer)


def layers_of(spec: Mapping[str, Any]) -> Sequence[Layer]:
    """The layers and blocks of a spec, as it writes them; none where it has none."""
    architecture = spec.get("architecture", {})
    return architecture.get("layers", ()) if isinstance(architecture, Mapping) else ()


def written_out(layers: Iterable[Layer]) -> Iterator[Layer | Joined]:
    """Layers in a row, repeated as often as a repeat says, and the blocks between them."""
    for layer in layers:
        match layer["type"]:
            case "repeat":
                for _ in range(layer["times"]):
                    yield from written_out(layer["layers"])
            case "residual":
                shortcut = layer.get("shortcut", "identity")
                ways = (layer["layers"], () if shortcut == "identity" else shortcut)
                yield Joined("residual", "add", ways)
            case "branches":
                yield Joined("branches", str(layer["merge"]), tuple(layer["branches"]))
            case _:
                yield layer


def single_layers(layers: Iterable[Layer]) -> Iterator[Layer]:
    """All layers, those in blocks too, in the order in which they are planned."""
    for item in written_out(layers):
        if isinstance(item, Joined):
            for way in item.ways:
                yield from single_layers(way)
        else:
            yield item
