"""Kinds of object stores that tests can be run on: S3, and others where `make stores` has installed them."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol, Self

KINDS = ("s3", "gs", "az")


class ObjectStoreServer(Protocol):
    """A server of an object store, for as long as it is entered."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    @property
    def environment(self) -> Mapping[str, str]:
        """What clients find it by."""

    def fresh_bucket(self) -> AbstractContextManager[str]:
        """Yield the URL of a bucket that is empty; the environment must be the server's."""


def object_store_server(kind: str) -> ObjectStoreServer:
    """Return a server of the kind, which is not started yet.

    Raises:
        ImportError: What the kind needs is not installed.
    """
    match kind:
        case "gs":
            from tests.support.gcs import GcsServer  # noqa: PLC0415 - not installed everywhere

            return GcsServer()
        case "az":
            from tests.support.azure import AzureServer  # noqa: PLC0415 - not installed everywhere

            return AzureServer()
        case _:
            from tests.support.s3 import S3Server  # noqa: PLC0415 - few tests need what it brings, which is much

            return S3Server()
