"""The socket at which a service listens: the supervisor's own, so that the port stays its while the API is restarted.

Connections that come while no API runs wait in the socket's backlog; nobody else gets the port.
"""

import errno
import socket

from normlab.errors import SetupError

BACKLOG = 2048
"""So many connections may wait while no API runs; the system's own limit counts, too."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at this address; its port is any that is free for 0.

    Raises:
        SetupError: The port is in use, or the address is none of this machine.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        # A port that was left a moment ago is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except BaseException as error:
        listener.close()
        if not isinstance(error, OSError | UnicodeError):
            raise
        in_use = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        reason = error.strerror if isinstance(error, OSError) else "no name of a host"
        why = "is in use" if in_use else f"cannot be listened on ({reason})"
        raise SetupError(
            f"Port {port} of {host} {why}. Choose another one, or 0 for any that is free."
        ) from error
    return listener
