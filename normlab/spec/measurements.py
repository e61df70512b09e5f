"""What a probe measured inside a network, one number at a time. The trainer measures, the store keeps it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

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


class Measurements(Sequence[Measured]):
    """What the probes of a run measured, in the order in which they did.

    >>> points = [Measured(0, 0, "dead", "dense_1", "share", 0.25), Measured(8, 1, "dead", "dense_1", "share", 0.5)]
    >>> Measurements(points).series("dead", "share", "dense_1").values
    array([0.25, 0.5 ])
    """

    def __init__(self, measured: Iterable[Measured] = ()) -> None:
        self._measured = tuple(measured)

    @overload
    def __getitem__(self, index: int) -> Measured: ...
    @overload
    def __getitem__(self, index: slice) -> "Measurements": ...
    def __getitem__(self, index: int | slice) -> "Measured | Measurements":
        return Measurements(self._measured[index]) if isinstance(index, slice) else self._measured[index]

    def __len__(self) -> int:
        return len(self._measured)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Measurements) and self._measured == other._measured

    def __hash__(self) -> int:
        return hash(self._measured)

    def layers(self, probe: str, statistic: str) -> tuple[str, ...]:
        """The layers of which there is such a number, in the order of the network."""
        return tuple(
            dict.fromkeys(m.layer for m in self._measured if (m.probe, m.statistic) == (probe, statistic))
        )

    def series(self, probe: str, statistic: str, layer: str = WHOLE_NETWORK) -> "Series":
        """One number in the course of the run; empty where it was not measured."""
        found = [m for m in self._measured if (m.probe, m.statistic, m.layer) == (probe, statistic, layer)]
        return Series(
            steps=np.array([m.step for m in found], int),
            epochs=np.array([m.epoch for m in found], int),
            values=np.array([m.value for m in found], float),
        )


@dataclass(frozen=True)
class Series:
    """One number of one layer at all points of a run: arrays (points,)."""

    steps: npt.NDArray[np.int_]
    epochs: npt.NDArray[np.int_]
    values: npt.NDArray[np.float64]
