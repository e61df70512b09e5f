"""What a probe measured inside a network, one number at a time. The trainer measures, the store keeps it."""

from dataclasses import dataclass

WHOLE_NETWORK = ""
"""The layer of what was measured of the network as a whole."""


@dataclass(frozen=True)
class Measured:
    """One number of a probe; NaN and the infinities are numbers, too."""

    step: int
    """So many updates of the weights lay before it; 0 is the initialization."""
    epoch: int
    """In which it was measured, counted from 1; 0 before the first."""
    probe: str
    layer: str
    """A layer's name, or ``WHOLE_NETWORK``."""
    statistic: str
    value: float
