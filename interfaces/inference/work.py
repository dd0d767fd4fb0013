"""What was predicted, counted as it is answered."""

from application.health.durations import Durations


class Work:
    """Counts the requests of one transport. Belongs to the event loop that answers them.

    Attributes:
        instances: How many were predicted for.
        refused: How many requests got no prediction, for whatever reason.
        durations: How long the requests took that did, from body to answer.
    """

    __slots__ = ("durations", "instances", "refused")

    def __init__(self) -> None:
        self.instances = 0
        self.refused = 0
        self.durations = Durations()
