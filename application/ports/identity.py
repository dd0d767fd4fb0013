"""New identities."""

from typing import Protocol
from uuid import UUID


class Identity(Protocol):
    """A source of ids that nothing else has."""

    def new_id(self) -> UUID:
        """Return an id never returned before, by any process."""
