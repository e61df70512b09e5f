"""A chain of layers and branches in the terms of a spec, each part with the layer of Keras that it comes from."""

from collections.abc import Mapping, Sequence
from typing import Any

from normlab.keras_models.arguments import check_rest
from normlab.keras_models.layers import spec_layers
from normlab.keras_models.report import Node, Origin, Report
from normlab.keras_models.structure import Chain, Join
from normlab.spec.blocks import IDENTITY
from normlab.spec.layers import MERGES
from normlab.spec.shown import listed

Document = dict[str, Any]

_MERGE_BY_CLASS: Mapping[str, str] = {kind.keras_class: name for name, kind in MERGES.items()}


def documents_of(chain: Chain, report: Report, first: int = 0) -> tuple[list[Document], Mapping[str, Node]]:
    """The chain as a list of layers and blocks, and by the JSON pointer of each in the architecture the layer of Keras.

    ``first`` is the place of the chain's first layer in the architecture.
    """
    places: dict[str, Node] = {}
    return _documents(chain, report, "/layers", places, first), places


def _documents(
    chain: Sequence[Node | Join], report: Report, pointer: str, places: dict[str, Node], first: int = 0
) -> list[Document]:
    documents: list[Document] = []
    for item in chain:
        number = first + len(documents)
        if isinstance(item, Join):
            places[f"{pointer}/{number}"] = item.node
            documents.append(_block(item, report, f"{pointer}/{number}", places))
        else:
            layers = spec_layers(item, report)
            places |= {f"{pointer}/{number + behind}": item for behind in range(len(layers))}
            documents += layers
    return documents


def _block(join: Join, report: Report, pointer: str, places: dict[str, Node]) -> Document:
    node = join.node
    merge = _MERGE_BY_CLASS.get(node.class_name)
    if merge is None or node.origin is Origin.OWN:
        report.refuse(node, f"puts branches together otherwise than {listed(_MERGE_BY_CLASS, 'or')}")
    else:
        check_rest(node, node.config, report)
    if merge == "add" and len(join.branches) == 2:
        layers, shortcut = _longer_first(join.branches)
        block: Document = {
            "type": "residual",
            "layers": _documents(layers, report, f"{pointer}/layers", places),
        }
        beside = _documents(shortcut, report, f"{pointer}/shortcut", places)
        if block["layers"]:
            return {**block, "shortcut": beside or IDENTITY}
    branches = [
        _documents(branch, report, f"{pointer}/branches/{number}", places)
        for number, branch in enumerate(join.branches)
    ]
    return {"type": "branches", "merge": merge or "add", "branches": branches}


def _longer_first(branches: Sequence[Chain]) -> tuple[Chain, Chain]:
    """Of the branches of a residual block the one with more layers, which the other is the shortcut around."""
    first, second = branches
    return (second, first) if len(second) > len(first) else (first, second)
