"""What is compared between the insides of two arms: numbers without a dimension.

Raw norms and gradients mean something else in each arm (under batch normalization a kernel's scale is free), so they
are not in this table.
"""

from dataclasses import dataclass
from enum import StrEnum

from normlab.spec.measurements import WHOLE_NETWORK


class Scale(StrEnum):
    """How two values are set against each other."""

    DIFFERENCE = "difference"
    """b minus a."""
    RATIO = "ratio"
    """b divided by a; its mean is geometric."""


@dataclass(frozen=True)
class Quantity:
    """A statistic of a probe."""

    probe: str
    statistic: str
    scale: Scale
    name: str
    """In a list."""
    words: str
    """In a sentence; the layer follows."""

    def named(self, layer: str) -> str:
        """With the layer's name."""
        return self.words if layer == WHOLE_NETWORK else f"{self.words} {layer}"


_RATIO, _DIFFERENCE = Scale.RATIO, Scale.DIFFERENCE

QUANTITIES = (
    Quantity(
        "gradient",
        "factor_per_layer",
        _RATIO,
        "gradient by depth",
        "the gradient's factor from layer to layer toward the input",
    ),
    Quantity("update", "ratio", _RATIO, "step length", "a step against the kernel of"),
    Quantity("norm", "growth", _RATIO, "kernel growth", "the growth of the kernel of"),
    Quantity("signal", "cosine", _DIFFERENCE, "likeness of samples", "the cosine between two samples behind"),
    Quantity("dead", "share_twice", _DIFFERENCE, "dead units", "the share of dead units in"),
    Quantity("dead", "active", _DIFFERENCE, "active values", "the share of active values in"),
    Quantity("saturated", "share", _DIFFERENCE, "saturated values", "the share of saturated values in"),
    Quantity(
        "rank",
        "share",
        _DIFFERENCE,
        "effective rank",
        "the effective rank, as a share of the units, of what leaves",
    ),
    Quantity("moving", "mean_gap", _RATIO, "gap of moving means", "the gap of the moving means of"),
    Quantity("distribution_shift", "input", _RATIO, "shift of inputs", "the shift of what enters"),
    Quantity("distribution_shift", "preactivation", _RATIO, "shift of z", "the shift of z = Wx + b in"),
    Quantity("gradient_shift", "relative", _RATIO, "shift of gradients", "the shift seen by the gradient of"),
    Quantity(
        "gradient_shift",
        "cosine",
        _DIFFERENCE,
        "turn of gradients",
        "the cosine between the gradients before and after the layers below moved, in",
    ),
    Quantity(
        "predictiveness",
        "loss_range",
        _RATIO,
        "range of the loss",
        "the range of the loss along the gradient",
    ),
    Quantity(
        "predictiveness",
        "gradient_change",
        _RATIO,
        "change of the gradient",
        "the change of the gradient along itself",
    ),
)
"""In the order in which they are told."""

PROBES_COMPARED = tuple(dict.fromkeys(quantity.probe for quantity in QUANTITIES))
"""The probes whose measurements are read for it."""
