"""The clients of object stores, each with what is to be installed for it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import fsspec

from infrastructure.artifacts.place import RemotePlaceInvalid

_EXTRAS: Mapping[str, str] = MappingProxyType(
    {"s3": "s3", "gs": "gcs", "gcs": "gcs", "az": "azure", "abfs": "azure", "abfss": "azure"}
)
"""What is to be installed for each kind of URL."""

_CREDENTIALS: Mapping[str, str] = MappingProxyType(
    {
        "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        "gcs": "GOOGLE_APPLICATION_CREDENTIALS",
        "azure": "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME",
    }
)
"""What most clients of each kind are told who they are by."""

_OPTIONS: Mapping[str, Mapping[str, Any]] = MappingProxyType({"s3": {"max_concurrency": 2}})
"""Of parts of 50 MiB, s3fs would have ten in memory at a time."""


def client_of(url: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path on it; nothing is asked of it yet.

    Raises:
        RemotePlaceInvalid: The URL is none that this installation can read.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in _EXTRAS and scheme != "memory":
        known = ", ".join(f"{each}://" for each in _EXTRAS)
        message = f"nothing can be kept at {url}: name a directory, or a URL that begins with one of {known}"
        raise RemotePlaceInvalid(message)
    if not rest.strip("/"):
        message = f"nothing can be kept at {url}: it names no bucket"
        raise RemotePlaceInvalid(message)
    try:
        bare, root = fsspec.core.url_to_fs(
            url,
            use_listings_cache=False,  # what others put there is to be seen at once
            skip_instance_cache=True,  # with the environment as it is now
            **_OPTIONS.get(scheme, {}),
        )
    except ImportError:
        message = (
            f"what is at {url} needs what is not installed: "
            f".venv/bin/pip install --require-hashes --requirement requirements-{_EXTRAS[scheme]}.txt"
        )
        raise RemotePlaceInvalid(message) from None
    except Exception as error:  # each client refuses in ways of its own what the environment says
        extra = _EXTRAS[scheme]
        message = (
            f"what is at {url} cannot be asked for: {reason_of(error)}: "
            f"set what its client finds its credentials by, as {_CREDENTIALS[extra]}"
        )
        raise RemotePlaceInvalid(message) from None
    return bare, root.rstrip("/")


def reason_of(error: Exception) -> str:
    """Return in a line why a client says that it cannot do what it was asked."""
    return " ".join(str(error).split())[:300] or type(error).__name__
