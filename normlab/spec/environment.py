"""What a job records of where it ran, one row each: which of it changes the numbers, and how people call it.

To record something more: add its row here, its value in ``normlab/training/compiled/devices.py``, and its
field in ``normlab/documents/environments.py``.
"""

from dataclasses import dataclass
from enum import Enum


class Effect(Enum):
    """What a field has to do with the numbers of a run."""

    DECIDES = "decides"
    """The numbers depend on it: a job is used again only where it is the same."""
    FOLLOWS = "follows"
    """The numbers depend on it, and it follows from the spec and the fields that decide."""
    TIMES = "times"
    """It changes how long a run takes, and at most the last digits of its numbers."""
    NONE = "none"
    """It differs from run to run anyway, or as the networks do."""


@dataclass(frozen=True)
class EnvironmentField:
    """A field of a job's ``environment``."""

    effect: Effect
    words: str = ""
    """Where it differs: ``another device``."""


ENVIRONMENT = {
    "normlab": EnvironmentField(Effect.DECIDES, "another version of Normlab"),
    "tensorflow": EnvironmentField(Effect.DECIDES, "another version of TensorFlow"),
    "keras": EnvironmentField(Effect.DECIDES, "another version of Keras"),
    "numpy": EnvironmentField(Effect.DECIDES, "another version of NumPy"),
    "machine": EnvironmentField(Effect.DECIDES, "another architecture of the processor"),
    "device": EnvironmentField(Effect.DECIDES, "another device"),
    "device_name": EnvironmentField(Effect.DECIDES, "another processor"),
    "intra_op_threads": EnvironmentField(Effect.DECIDES, "another number of threads in an operation"),
    "inter_op_threads": EnvironmentField(Effect.DECIDES, "another number of threads beside each other"),
    "library_settings": EnvironmentField(Effect.DECIDES, "other settings of oneDNN or XLA"),
    "executor": EnvironmentField(Effect.FOLLOWS, "another executor"),
    "precision": EnvironmentField(Effect.FOLLOWS, "another precision"),
    "python": EnvironmentField(Effect.TIMES, "another version of Python"),
    "platform": EnvironmentField(Effect.TIMES, "another operating system"),
    "cores": EnvironmentField(Effect.TIMES, "another number of cores"),
    "load": EnvironmentField(Effect.NONE),
    "device_memory_peak_bytes": EnvironmentField(Effect.NONE),
}

LIBRARY_SETTINGS = (
    "TF_ENABLE_ONEDNN_OPTS",
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "TF_SET_ONEDNN_FPMATH_MODE",
    "XLA_FLAGS",
    "TF_XLA_FLAGS",
    "TF_DETERMINISTIC_OPS",
    "TF_CUDNN_DETERMINISTIC",
    "NVIDIA_TF32_OVERRIDE",
)
"""Variables of the process by which libraries choose other instructions, another precision or another order of
additions: ``library_settings`` has those that are set."""


def fields_with(*effects: Effect) -> tuple[str, ...]:
    """The fields that have one of these effects."""
    return tuple(name for name, field in ENVIRONMENT.items() if field.effect in effects)
