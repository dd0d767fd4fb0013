"""What the process that grows trees on a worker of a cluster is told to do, and what it answers."""

from pydantic import Field, TypeAdapter

from domain.inference.values import Feature, Label
from infrastructure.jobs.protocol import Failed, Finished, JobOrder, Progressed
from infrastructure.learning.cluster.parts import Part
from infrastructure.learning.objectives import Parameters

MODULE = "infrastructure.learning.cluster.child"
PEERS_FAILED = "training.cluster-peers"
"""Code of the failure of a process whose peers are gone, or never came."""
TIME_OUT_MINUTES = 2
"""So long peers wait for each other."""


class Order(JobOrder):
    """Which trees to grow, together with others.

    Attributes:
        part: The rows that are learned from.
        features: As all parts together show them.
        labels: In the order of their places; None for a regression.
        weights: Of each label; None where all weigh the same.
        parameters: What LightGBM is given.
        machines: Hosts and ports of all that take part, in the same order for each.
        place: Its own among them.
        num_threads: They change nothing but the time.
    """

    part: Part
    features: tuple[Feature, ...]
    labels: tuple[Label, ...] | None
    weights: tuple[float, ...] | None
    parameters: Parameters
    machines: tuple[tuple[str, int], ...]
    place: int
    num_threads: int = Field(ge=1)


Message = Progressed[None] | Finished[str] | Failed
MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)
"""What comes of it is LightGBM's text of all rounds, from the first of the machines; the others give none."""
