"""`python -m tests.faults.relay_process EVENTS OPERATION URL`: a relay in a process of its own."""

import sys
import threading
from pathlib import Path

from application.ledger import Ledger
from infrastructure.event_store.settings import sqlite_environment
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.positions import SqlFollowerPositions
from infrastructure.system.lifeline import watch
from tests.support.operation import operation_database
from tests.support.relaying import relaying


def main(events: str, operation: str, url: str) -> None:
    """Relay, and end with whoever started this."""
    watch(sys.stdin.fileno())
    with (
        operation_database(Path(operation)) as database,
        Ledger(sqlite_environment(Path(events))) as ledger,
        relaying(NatsAddress(url=url), ledger, SqlFollowerPositions(database)),
    ):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
