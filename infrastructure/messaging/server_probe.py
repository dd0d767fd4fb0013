"""Questions to a NATS server's own HTTP interface."""

import json
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any

from infrastructure.messaging.server_configuration import LOOPBACK

_TIMEOUT_S = 1.0


def unreadiness(port: int) -> str | None:
    """Return why the server is not ready; None when it is, and keeps what it acknowledges.

    Args:
        port: Of its monitoring, on the loopback address.
    """
    try:
        status, health = _asked(port, "/healthz")
        if status != HTTPStatus.OK:
            return str(health.get("error", f"it answers with status {status}"))
        _, variables = _asked(port, "/varz")
    except (OSError, HTTPException, ValueError) as error:
        return f"it does not answer: {error}"
    if not variables.get("jetstream", {}).get("config", {}).get("sync_always", False):
        return "it acknowledges messages before they are on disk, against its configuration"
    return None


def _asked(port: int, path: str) -> tuple[int, dict[str, Any]]:
    # not by urllib, which would go by way of a proxy where one is set
    with closing(HTTPConnection(LOOPBACK, port, timeout=_TIMEOUT_S)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        content = json.loads(response.read())
    return response.status, content if isinstance(content, dict) else {}
