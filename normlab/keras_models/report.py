"""What comes out while a model is read, beside its layers: what cannot be had, and what to say about the rest."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from normlab.errors import Refused


class KerasRemark(UserWarning):
    """What a spec says otherwise than the Keras model, or not at all, without a number of the network changing."""


class Origin(Enum):
    """Where the class of a layer comes from."""

    LAYER = "layer"
    """Keras."""
    OPERATION = "operation"
    """Keras, which makes one of ``a + b``. The classes of these have the names of layers."""
    OWN = "own"
    """Somebody's code."""


OWN_CLASS = "is a class of your own, whose code is never loaded"
"""Why a layer of ``Origin.OWN`` cannot be had."""


@dataclass(frozen=True)
class Node:
    """One layer of a model, as its configuration has it."""

    name: str
    class_name: str
    origin: Origin
    config: dict[str, Any]
    pointer: str
    """Where it is in the model's configuration, as a JSON pointer."""
    rank: int | None = None
    """Of what enters it, the batch included; None: the configuration does not say."""

    def is_a(self, *class_names: str) -> bool:
        """Whether it is one of these layers of Keras's, and not somebody's class of that name."""
        return self.origin is Origin.LAYER and self.class_name in class_names


@dataclass
class Report:
    """What is found while a model is read."""

    refused: list[Refused] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    policies: dict[str, list[Node]] = field(default_factory=dict)
    """The layers by what they compute in, Keras's dtype policies."""
    seeded: list[str] = field(default_factory=list)
    """Layers with a seed of their own."""

    def refuse(self, node: Node, reason: str) -> None:
        """Note that a layer cannot be had."""
        self.refused.append(Refused(node.name, node.class_name, reason, node.pointer))

    def refuse_part(self, part: str, class_name: str, reason: str, pointer: str) -> None:
        """Note that something of a model that is not a layer cannot be had: its loss, its optimizer."""
        self.refused.append(Refused(part, class_name, reason, pointer))

    def remark(self, sentence: str) -> None:
        """Say something, once."""
        if sentence not in self.remarks:
            self.remarks.append(sentence)
