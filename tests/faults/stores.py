"""The stores that faults are tried on."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.processes import started
from tests.support.service import RunningService

NO_WORKER = {"ML_SERVICE_WORKER_JOBS": "0"}
"""For a service that is not asked to train: a worker is a process more to start and to kill."""


class Store:
    """A home, and a database where it is not all in the home.

    Args:
        home: The service's data directory.
        database_url: PostgreSQL; None for SQLite.
    """

    def __init__(self, *, home: Path, database_url: str | None = None) -> None:
        self.home = home
        self.database_url = database_url

    @property
    def settings(self) -> dict[str, str]:
        """What a program on the store is told, as environment variables."""
        if self.database_url is None:
            return {}
        # all homes of a test lie side by side, and share this
        artifacts = str(self.home.parent / "artifacts")
        return {"ML_SERVICE_DATABASE_URL": self.database_url, "ML_SERVICE_ARTIFACTS": artifacts}

    def serve(self, *flags: str, **settings: str) -> RunningService:
        """Start a service on the store."""
        return RunningService(self.home, *flags, **self.settings, **settings)

    def command(self, name: str, *, stdout: int) -> subprocess.Popen[str]:
        """Start another program on the store: `ml-service NAME`."""
        return started(
            [sys.executable, "-m", "interfaces.main", name, "--home", str(self.home)],
            stdout=stdout,
            text=True,
            env={**os.environ, **self.settings},
        )
