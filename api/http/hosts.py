"""By which names the service is reached.

A web page elsewhere can give its own name the address of this machine ("DNS rebinding"); the browser then lets the page
read what the service answers. The name it used stands in the header ``Host``. An address in place of a name cannot have
been rebound.
"""

import ipaddress
import re
import socket
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.types import Scope

from api.http.headers import headers_of
from normlab.settings import Settings

ANY = "*"
_LOOPBACK = "localhost"
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - to be told apart, not to be bound
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:\[\]]+)(?::[0-9]*)?")
_MAX_REMEMBERED = 256
_MAX_SHOWN = 100


def names_of_listener(host: str) -> tuple[str, ...]:
    """The names that a service has which listens at ``host``."""
    return (socket.gethostname(),) if host in _EVERYWHERE else (host,)


class AllowedHosts:
    """Names as in ``Settings.allowed_hosts``, loopback's name, and every address."""

    def __init__(self, names: tuple[str, ...]) -> None:
        lowered = [name.lower().rstrip(".") for name in names]
        self._any = ANY in lowered
        self._names = {_LOOPBACK, *lowered}
        self._endings = (f".{_LOOPBACK}", *(name[1:] for name in lowered if name.startswith("*.")))
        self._remembered: set[bytes] = set()

    def allows(self, host: bytes) -> bool:
        """Whether a header ``Host`` names this service; its port does not matter."""
        if host in self._remembered:
            return True
        if not self._allows(host.decode("latin-1").lower()):
            return False
        if len(self._remembered) >= _MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered.add(host)
        return True

    def _allows(self, host: str) -> bool:
        if self._any:
            return True
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match["name"].rstrip(".")
        return name in self._names or name.endswith(self._endings) or _is_address(name.strip("[]"))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def host_names(settings: Settings) -> Callable[[Scope], None]:
    """Check of the guard: 421 for a request to a name that the service does not have, 400 for one to none or two."""
    allowed = AllowedHosts(settings.allowed_hosts)

    def check(scope: Scope) -> None:
        headers = headers_of(scope)
        host = headers.get(b"host")
        if len(headers) < len(scope["headers"]) and [name for name, _ in scope["headers"]].count(b"host") > 1:
            # RFC 9112, section 3.2: a proxy may have looked at the other one.
            raise HTTPException(400, "the header Host stands twice")
        if host is None:
            # HTTP/1.0 has no Host, and no browser speaks it.
            if scope["http_version"] == "1.1":
                raise HTTPException(400, "the header Host is missing")
        elif not allowed.allows(host):
            shown = host.decode("latin-1")[:_MAX_SHOWN]
            raise HTTPException(
                421,
                f"this service does not answer to the name {shown!r}: its operator can allow the name with the setting "
                "NORMLAB_ALLOWED_HOSTS",
            )

    return check
