"""What comes out while a model is read, beside its layers: what cannot be had, and what to say about the rest."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from normlab.errors import Refused


class Origin(Enum):
    """Where the class of a layer comes from."""

    LAYER = "layer"
    """Keras."""
    OPERATION = "operation"
    """Keras, which makes one of ``a + b``. The classes of these have the names of layers."""
    OWN = "own"
    """Somebody's code."""


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
