"""The other processes that answer on the same port."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Siblings(Protocol):
    """Some processes behind one port: whoever asks there reaches one of them, and may mean all.

    Attributes:
        number: Of this process among them, from 0; another that takes its place has it, too.
    """

    number: int

    def answering(self, tell: Callable[[], Awaitable[bytes]]) -> AbstractAsyncContextManager[None]:
        """Answer the others with what `tell` returns, for as long as the block lasts."""

    async def ask(self) -> Sequence[bytes]:
        """Return what the others answer, in the order of their numbers; who does not in time is left out."""
