"""The stores that faults are tried on."""

from pathlib import Path

from tests.support.service import RunningService


class Store:
    """A home, and a database where it is not all in the home.

    Args:
        home: The service's data directory.
        database_url: PostgreSQL; None for SQLite.
    """

    def __init__(self, *, home: Path, database_url: str | None = None) -> None:
        self.home = home
        self.database_url = database_url

    def serve(self, *flags: str, **settings: str) -> RunningService:
        """Start a service on the store."""
        if self.database_url is not None:
            settings = {"ML_SERVICE_DATABASE_URL": self.database_url, **settings}
        return RunningService(self.home, *flags, **settings)
