"""Tracing functions without leaving more behind than the functions themselves."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from tensorflow.python.framework import ops


@contextmanager
def forgotten_gradients() -> Iterator[None]:
    """Drop what TensorFlow's gradient registry takes in while functions are traced.

    Each trace of ``tf.custom_gradient`` (Keras's optimizers use it, and ``silu``) is registered for ever under a
    name of its own, and holds the whole graph that it is part of: some megabytes for each network that a process
    trains. Our gradients are taken inside the traced functions, so the entries are not needed afterwards.
    """
    registry = ops.gradient_registry._registry  # there is no public way
    before = set(registry)
    try:
        yield
    finally:
        for name in set(registry) - before:
            del registry[name]


def expect_traces(module: str) -> None:
    """Leave out TensorFlow's advice that a module's methods are traced too often.

    Each kind of network has functions of its own that are traced once; TensorFlow counts them as one that is traced
    again and again.
    """
    logging.getLogger("tensorflow").addFilter(
        lambda record: "tf.function retracing" not in (said := record.getMessage()) or module not in said
    )
