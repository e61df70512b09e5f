"""The path below which a proxy offers the service, such as ``/normlab``: taken off requests, put before addresses.

Some proxies take the prefix off before they hand a request on, others leave it there: both are understood.
"""

from collections.abc import Callable
from contextvars import ContextVar

from starlette.types import Scope

from normlab.settings import Settings

_root_path: ContextVar[str] = ContextVar("root_path", default="")


def address(path: str) -> str:
    """Where a client finds ``path`` (``/jobs/…``), for ``Location``, ``Link`` and links in answers."""
    return _root_path.get() + path


def route_path(scope: Scope) -> str:
    """A request's path without the prefix."""
    path: str = scope["path"]
    root: str = scope["root_path"]
    return path[len(root) :] if root and path.startswith(root) else path


def root_path(settings: Settings) -> Callable[[Scope], None]:
    """Part of the guard: sets ASGI's ``root_path``, and ``path`` so that it begins with it."""
    root = settings.root_path

    def check(scope: Scope) -> None:
        if not root:
            return
        path = scope["path"]
        if not (path == root or path.startswith(f"{root}/")):
            scope["path"] = root + path
        scope["root_path"] = root
        _root_path.set(root)

    return check
