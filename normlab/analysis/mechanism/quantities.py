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
    words: str
    """In a sentence; the layer follows."""

    def named(self, layer: str) -> str:
        """With the layer's name."""
        return self.words if layer == WHOLE_NETWORK else f"{self.words} {layer}"


QUANTITIES = (
    Quantity(
        "gradient",
        "factor_per_layer",
        Scale.RATIO,
        "the gradient's factor from layer to layer toward the input",
    ),
    Quantity("update", "ratio", Scale.RATIO, "a step against the kernel of"),
    Quantity("norm", "growth", Scale.RATIO, "the growth of the kernel of"),
    Quantity("signal", "cosine", Scale.DIFFERENCE, "the cosine between two samples behind"),
    Quantity("dead", "share_twice", Scale.DIFFERENCE, "the share of dead units in"),
    Quantity("dead", "active", Scale.DIFFERENCE, "the share of active values in"),
    Quantity("saturated", "share", Scale.DIFFERENCE, "the share of saturated values in"),
    Quantity(
        "rank", "share", Scale.DIFFERENCE, "the effective rank, as a share of the units, of what leaves"
    ),
    Quantity("moving", "mean_gap", Scale.RATIO, "the gap of the moving means of"),
    Quantity("distribution_shift", "input", Scale.RATIO, "the shift of what enters"),
    Quantity("distribution_shift", "preactivation", Scale.RATIO, "the shift of z = Wx + b in"),
    Quantity("gradient_shift", "relative", Scale.RATIO, "the shift seen by the gradient of"),
    Quantity(
        "gradient_shift",
        "cosine",
        Scale.DIFFERENCE,
        "the cosine between the gradients before and after the layers below moved, in",
    ),
    Quantity("predictiveness", "loss_range", Scale.RATIO, "the range of the loss along the gradient"),
    Quantity("predictiveness", "gradient_change", Scale.RATIO, "the change of the gradient along itself"),
)
"""In the order in which they are told."""

PROBES_COMPARED = tuple(dict.fromkeys(quantity.probe for quantity in QUANTITIES))
"""The probes whose measurements are read for it."""
