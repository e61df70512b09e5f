"""Which way a network's steps are executed: compiled by XLA, or as a TensorFlow graph; and XLA's flags.

The executor is chosen by a rule, from what the network contains and the device, never by timing at run time: the two
differ in the last digits, and a rerun must give the same numbers. ``bench/executors.py`` measures both for every layer
kind; ``docs/performance.md`` has the figures that the rule rests on.
"""

import os
from collections.abc import Sequence
from enum import StrEnum

from normlab.spec import Device
from normlab.spec.layers import BaseLayer


class Executor(StrEnum):
    """How the loop over steps is executed."""

    XLA = "xla"
    GRAPH = "graph"


def choose_executor(layers: Sequence[BaseLayer], device: Device) -> Executor:
    """The executor for a network of these layers, as they are planned, on a device (``cpu`` or ``gpu``).

    On a CPU the graph's convolutions are oneDNN's, two to four times as fast as XLA's, and the gradient of
    max pooling up to three times. Everything else is about as fast under XLA or up to four times faster.
    """
    if device is Device.CPU and any(layer.slow_under_xla_on_cpu for layer in layers):
        return Executor.GRAPH
    return Executor.XLA


_XLA_FLAGS = {"xla_cpu_copy_insertion_use_region_analysis": "true"}
"""On a CPU: weights that are read and then updated are not copied first. The copies took a twelfth of the epoch of a
network whose first layer passes a gradient on. Where the copies go changes no arithmetic."""


def set_xla_flags() -> None:
    """Add our flags to ``XLA_FLAGS``, which XLA reads when it compiles for the first time in a process.

    A flag that the user has set stays as it is.
    """
    given = os.environ.get("XLA_FLAGS", "")
    ours = [f"--{name}={value}" for name, value in _XLA_FLAGS.items() if name not in given]
    if ours:
        os.environ["XLA_FLAGS"] = " ".join([given, *ours]).strip()
