"""What XLA is asked for beside its defaults."""

import os

_FLAGS = {"xla_cpu_copy_insertion_use_region_analysis": "true"}
"""On a CPU: weights that are read and then updated are not copied first, which took a twelfth of the epoch of a network
whose first layer passes a gradient on. Where the copies go changes no arithmetic."""


def ask_xla() -> None:
    """Add our flags to ``XLA_FLAGS``, which XLA reads when it compiles for the first time in a process.

    A flag that the user has set stays as it is.
    """
    said = os.environ.get("XLA_FLAGS", "")
    ours = [f"--{name}={value}" for name, value in _FLAGS.items() if name not in said]
    if ours:
        os.environ["XLA_FLAGS"] = " ".join([said, *ours]).strip()
