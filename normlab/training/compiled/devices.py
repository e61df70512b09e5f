"""Where a job runs, and on what kind of machine.

What concerns GPUs follows TensorFlow's documentation and has not been run on a real one.
"""

import os
import platform
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from normlab import __version__
from normlab.errors import TrainingError
from normlab.spec import Device
from normlab.spec.environment import LIBRARY_SETTINGS

_WRITES_FILES = ("--xla_dump", "--tf_xla_persistent_cache")
"""Flags of XLA by which it writes files, and changes no number; their values are paths of the machine."""


@dataclass(frozen=True)
class SelectedDevice:
    """The device of a run: its kind, TensorFlow's name for it, and the maker's."""

    kind: Device
    tensorflow_name: str
    product: str

    def peak_memory_bytes(self) -> int | None:
        """The largest amount of its memory that this process has used; None for a CPU, where it is not counted."""
        if self.kind is Device.CPU:
            return None
        return int(tf.config.experimental.get_memory_info(self.tensorflow_name.strip("/"))["peak"])


def select_device(wanted: Device) -> SelectedDevice:
    """The device for a job. ``auto`` takes a GPU where there is one.

    Raises ``TrainingError`` when a GPU is asked for and there is none.
    """
    gpus = _gpus()
    if wanted is Device.GPU and not gpus:
        raise TrainingError(
            "the job asks for a GPU and this worker has none: set resources.device to auto or cpu"
        )
    if gpus and wanted is not Device.CPU:
        details = tf.config.experimental.get_device_details(gpus[0])
        return SelectedDevice(Device.GPU, "/GPU:0", str(details.get("device_name", "GPU")))
    return SelectedDevice(Device.CPU, "/CPU:0", processor_name())


def environment(device: SelectedDevice, **more: Any) -> dict[str, Any]:
    """What a run's numbers depend on beside its spec; ``more`` is added to it."""
    return {
        "normlab": __version__,
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": version("numpy"),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "device": device.kind,
        "device_name": device.product,
        "device_memory_peak_bytes": device.peak_memory_bytes(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "intra_op_threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "inter_op_threads": tf.config.threading.get_inter_op_parallelism_threads(),
        "library_settings": library_settings(),
        **more,
    }


def library_settings() -> dict[str, str]:
    """The variables of the process that decide numbers, of those that are set; of flags none that only writes files."""
    found = {}
    for name in LIBRARY_SETTINGS:
        words = os.environ.get(name, "").split()
        if name.endswith("_FLAGS"):
            words = sorted(word for word in words if not word.startswith(_WRITES_FILES))
        if words:
            found[name] = " ".join(words)
    return found


@cache
def processor_name() -> str:
    """The maker's name for the processor where the system says it, else its architecture."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@cache
def _gpus() -> tuple[Any, ...]:
    gpus = tuple(tf.config.get_visible_devices("GPU"))
    for gpu in gpus:
        # Without it the first process takes the whole memory of the device.
        tf.config.experimental.set_memory_growth(gpu, True)
    return gpus
