"""Copies that a store makes in its own time: Azure answers before all bytes are there."""

import time
from collections.abc import Callable
from typing import Any

from fsspec.asyn import sync

PATIENCE_S = 600.0
_LOOK_S = 0.2
_PENDING = "pending"
_DONE = ("success", None)
"""None where it was not copied but written."""


class CopyFailed(Exception):
    """The store has not made a copy that it has begun; the message tells how it ended."""


def settle_copy(bare: Any, path: str) -> None:
    """Return when the copy at the path is whole; at once in stores that answer only then.

    Args:
        bare: The file system of the store.
        path: On it.

    Raises:
        CopyFailed: It is not, and will not be.
    """
    if hasattr(bare, "service_client"):
        wait_for_copy(lambda: sync(bare.loop, copy_status, bare, path))


def wait_for_copy(status: Callable[[], str | None], *, patience_s: float = PATIENCE_S) -> None:
    """Return when the status of a copy is that it is whole.

    Args:
        status: Asks for it.
        patience_s: How long it may be pending.

    Raises:
        CopyFailed: It is another one, or pending for too long.
    """
    give_up_at = time.monotonic() + patience_s
    while (found := status()) == _PENDING and time.monotonic() < give_up_at:
        time.sleep(_LOOK_S)
    if found not in _DONE:
        message = f"a copy within the store is {found}"
        raise CopyFailed(message)


async def copy_status(bare: Any, path: str) -> str | None:
    """Return what Azure says of how far a copy is; None where the object was written."""
    container, blob, _ = bare.split_path(path)
    async with bare.service_client.get_blob_client(container, blob) as client:
        status: str | None = (await client.get_blob_properties()).copy.status
        return status
