"""Normlab: does this change to my network help, by how much, at what cost, and why?

Importing this package has no effects and loads no TensorFlow. The trainer is ``normlab.training``, the
statistics are ``normlab.analysis``, and ``normlab.Client`` talks to a running service.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from normlab.client import Client

__all__ = ["Client", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the client only when it is asked for, so that ``import normlab.spec`` stays light."""
    if name == "Client":
        from normlab.client import Client  # noqa: PLC0415  (the laziness is the point)

        return Client
    raise AttributeError(f"module 'normlab' has no attribute {name!r}")
