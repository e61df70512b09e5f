"""What trains, in a worker's processes: what the main process imports for all of them, and what each child sets up.

On Linux the main process imports TensorFlow and the trainer once, before it forks: its children begin with all of it,
share the pages that hold it, and are replaced in a fraction of a second. An import starts no thread and no runtime.
Devices, thread pools and compiled programs do not survive a fork: they are made when TensorFlow is first *used*, which
the main process never does (``tests/worker/test_trainer.py``).

Where that is not so each child imports for itself: on other systems, whose own libraries forbid a fork, and beside
NVIDIA's driver, which a process may touch when it imports TensorFlow, and must not have touched when it forks.
"""

import contextlib
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

from worker.resources import share_devices

_DRIVER = Path("/dev/nvidiactl")

MODULES = (
    "tensorflow",
    "normlab.training.loop",
    "normlab.training.export.evaluation",
    "normlab.training.export.keras",
    "normlab.training.export.onnx",
)
"""What a job needs."""


def may_import_before_fork() -> bool:
    """Whether the main process may import what trains."""
    return sys.platform == "linux" and not _DRIVER.exists()


def import_trainer(*, threads: int) -> None:
    """Import what trains, so that the first job does not wait for it; it will use so many threads."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    # NumPy's library starts its threads when it is imported. Nothing here multiplies with NumPy.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    gc.disable()  # of all that is imported nothing is garbage, and looking for some takes a tenth of the time or more
    with _hidden("sklearn"), _hidden("scipy"):
        for name in MODULES:
            import_module(name)
    gc.freeze()  # nor does anybody look later, which would write into the pages that children share
    gc.enable()


@contextlib.contextmanager
def _hidden(package: str) -> Iterator[None]:
    """Have a package that is not imported yet look as if it were not installed.

    Keras imports scikit-learn and SciPy for what nobody here uses: a tenth of the time that all imports take, and
    60 MiB. It does without where they are not installed.
    """
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # the import system's own way to say so
    try:
        yield
    finally:
        del sys.modules[package]


def set_up_child(*, threads: int, child: int, children: int) -> bool:
    """Decide in child ``child`` of ``children`` what TensorFlow uses.

    Of the machine's GPUs it sees its own, if there are enough: one job trains on a device at a time. Gives whether it
    has one.
    """
    import tensorflow as tf  # noqa: PLC0415 - in children, or where the main process may import it

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    own: Sequence[object] = share_devices(tf.config.list_physical_devices("GPU"), children, child)
    tf.config.set_visible_devices(own, "GPU")
    return bool(own)
