"""onnxruntime, told before it is loaded to send nothing anywhere, and how networks run with it.

Its Linux wheels report usage to their maker by default; a service of one's own must not.
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

__all__ = ["on_one_thread", "onnxruntime"]


def on_one_thread() -> onnxruntime.SessionOptions:
    """The options of a network that runs on the thread that calls it, and keeps no memory in between."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # An arena never gives memory back: one large batch would stay with every model.
    options.enable_cpu_mem_arena = False
    return options
