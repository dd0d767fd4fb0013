"""Ids drawn from the operating system's randomness."""

from uuid import UUID, uuid4


class RandomIdentity:
    """Ids of 122 random bits: no coordination, no order, no repetition in practice."""

    def new_id(self) -> UUID:
        """Return an id never returned before, by any process."""
        return uuid4()
