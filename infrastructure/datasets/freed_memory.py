"""Memory that arrays no longer need, given back to the system: allocators keep it, for it may be needed again."""

import pyarrow as pa

_BYTES = 32 * 1024 * 1024


class FreedMemory:
    """Counts what is freed and gives it back in lots, because each time takes a look at all that is allocated."""

    def __init__(self) -> None:
        self._bytes = 0

    def add(self, freed_bytes: int) -> None:
        """Take note of bytes that are not needed any more."""
        self._bytes += freed_bytes
        if self._bytes >= _BYTES:
            self.give_back()

    def give_back(self) -> None:
        """Give back what there is, because much else is wanted next."""
        self._bytes = 0
        pa.default_memory_pool().release_unused()
