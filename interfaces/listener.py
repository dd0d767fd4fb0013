"""The socket that the service is reached on."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

from interfaces.settings import Settings

_BACKLOG = 2048


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """Yield a socket that listens where the settings say.

    Raises:
        OSError: The address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG) as listener:
        yield listener


def is_loopback(listener: socket.socket) -> bool:
    """Tell whether nobody but this machine reaches it."""
    return ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback


def url_of(listener: socket.socket) -> str:
    """Return the URL that leads to it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
