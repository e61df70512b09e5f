"""The one place where the loop calls probes: at which steps, and with what."""

from collections.abc import Sequence

import keras

from normlab.spec.measurements import Measured
from normlab.training.compiled.program import Program
from normlab.training.compiled.tracing import forgotten_gradients
from normlab.training.probes.base import Probe, Snapshot


class Observer:
    """Calls the probes of a run between its steps. Without probes it costs nothing.

    Much of what normalization does is over by the end of the first epoch, so probes measure the initial weights, then
    after steps 1, 2, 4, 8, … of the first epoch, and at each epoch's end.
    """

    def __init__(self, probes: Sequence[Probe], steps: int) -> None:
        """For a run of ``steps`` steps an epoch."""
        self._probes = probes
        self._steps = steps
        self._copy: keras.Model | None = None

    def next_stop(self, epoch: int, step: int) -> int:
        """The step of an epoch (from 1) that a segment from ``step`` must not go beyond."""
        return min(2 ** step.bit_length(), self._steps) if self._probes and epoch == 1 else self._steps

    def measure(self, program: Program, epoch: int, step: int) -> tuple[Measured, ...]:
        """The measurements after ``step`` steps of an epoch (from 1); none where probes are not called."""
        if not self._probes or not self._is_point(epoch, step):
            return ()
        measured: list[Measured] = []
        for probe in self._probes:
            hook = probe.on_epoch_end if step == self._steps else probe.on_step if step else probe.on_start
            with forgotten_gradients():
                measured += hook(
                    self._snapshot(program, epoch, step)
                )  # a new copy, so that no probe affects another
        return tuple(measured)

    def _is_point(self, epoch: int, step: int) -> bool:
        return step == self._steps or (epoch == 1 and step & (step - 1) == 0)

    def _snapshot(self, program: Program, epoch: int, step: int) -> Snapshot:
        if self._copy is None:
            self._copy = program.new_network()
        program.copy_to(self._copy)
        return Snapshot(
            network=self._copy,
            variables=program.named_variables(),
            epoch=epoch if step else 0,
            step=(epoch - 1) * self._steps + step,
        )
