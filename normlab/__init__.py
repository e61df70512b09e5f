"""Normlab: does this change to my network help, by how much, at what cost, and why?

Importing this package has no effects and loads no TensorFlow. The trainer is ``normlab.training``, the
statistics are ``normlab.analysis``, ``normlab.Client`` talks to a running service, and ``normlab.from_keras`` makes a
spec of a Keras model.
"""

from typing import TYPE_CHECKING

import lazy_loader  # type: ignore[import-untyped]  # it ships no types

if TYPE_CHECKING:
    from normlab.client import Client
    from normlab.keras_models import from_keras, to_keras

__all__ = ["Client", "__version__", "from_keras", "to_keras"]
__version__ = "0.1.0"
# So that ``import normlab.spec`` loads no HTTP client.
__getattr__, __dir__, _ = lazy_loader.attach(
    __name__, submod_attrs={"client": ["Client"], "keras_models": ["from_keras", "to_keras"]}
)
