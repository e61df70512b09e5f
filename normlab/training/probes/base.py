"""What a probe is, and what it sees of a run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import keras

from normlab.spec.measurements import Measured
from normlab.training.layers.network import Array


@dataclass(frozen=True)
class Snapshot:
    """A copy of a run between two steps: a probe may change it without changing the run."""

    network: keras.Model
    """Scaled pixels (batch, *shape) in, probabilities (batch, classes) out; with the run's weights, moving statistics,
    dropout streams and precision. Its variables are set anew before each hook is called: a probe may change them, but
    leaves everything else of it (``trainable``, the layers) as it is, and does not keep it."""
    variables: Mapping[str, Array]
    """All variables of network and optimizer by their Keras paths, as arrays that cannot be written."""
    epoch: int
    """Counted from 1; 0 before the first step."""
    step: int
    """So many updates of the weights have been made."""

    def measured(self, probe: "Probe", layer: str, statistic: str, value: float) -> Measured:
        """One number of ``probe`` at this point; ``layer`` is a layer's name or ``WHOLE_NETWORK``."""
        return Measured(self.step, self.epoch, probe.name, layer, statistic, float(value))


class Probe:
    """Measures something inside a network. A subclass has a name and overrides the hooks at which it measures.

    A probe draws random numbers only from a stream of its own (``normlab.training.seeds``), and measures the same
    numbers for the same snapshot: a run that goes on from a checkpoint may measure a point again.
    """

    name: ClassVar[str]

    def on_start(self, snapshot: Snapshot) -> Iterable[Measured]:  # noqa: ARG002  (a hook that does nothing)
        """Before the first step, on the initial weights."""
        return ()

    def on_step(self, snapshot: Snapshot) -> Iterable[Measured]:  # noqa: ARG002  (a hook that does nothing)
        """After steps 1, 2, 4, 8, … of the first epoch, but not after its last one."""
        return ()

    def on_epoch_end(self, snapshot: Snapshot) -> Iterable[Measured]:  # noqa: ARG002  (a hook that does nothing)
        """After the last step of each epoch, before its evaluation."""
        return ()
