"""An object store that speaks S3, in a thread of this process."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from types import TracebackType
from typing import Self

import boto3
from moto.server import ThreadedMotoServer


class S3Server:
    """A server of its own, with credentials that are none."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._numbers = count()

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.stop()

    @property
    def environment(self) -> Mapping[str, str]:
        """What clients find it by."""
        host, port = self._server.get_host_and_port()
        return {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    @contextmanager
    def fresh_bucket(self) -> Iterator[str]:
        """Yield the URL of a bucket that is empty; the environment must be the server's."""
        name = f"bucket-{next(self._numbers)}"
        client = boto3.client("s3")
        client.create_bucket(Bucket=name)
        yield f"s3://{name}"
        client.close()
