"""onnxruntime, told before it is loaded to send nothing anywhere.

Its Linux wheels report usage to their maker by default; a service of one's own must not.
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

__all__ = ["onnxruntime"]
