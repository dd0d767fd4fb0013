"""Where a process of `ml-service api` has its place among the others."""

from pathlib import Path

from domain.kernel import Immutable


class Place(Immutable):
    """What a process is told by the one that starts it.

    Attributes:
        channel: Descriptor of the socket on which connections come.
        number: Of this process among its siblings, from 0.
        count: How many they are.
        directory: Where they reach each other.
        is_loopback: Whether nobody but this machine reaches the port.
    """

    channel: int
    number: int
    count: int
    directory: Path
    is_loopback: bool
