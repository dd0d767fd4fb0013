"""What runs in a worker of a Dask cluster: it watches over a process that grows trees together with others.

The process is gone as soon as nobody waits for its trees: its task was cancelled, the cluster's client is gone, or
the worker is.
"""

import secrets
import socket
from dataclasses import dataclass

from distributed import get_worker

from application.ports.work import WorkFailed, WorkStopped
from domain.inference.values import Feature, Label
from domain.training.job import TRAINING
from infrastructure.jobs.job_process import Program
from infrastructure.jobs.protocol import Failed
from infrastructure.learning.cluster.parts import Part
from infrastructure.learning.cluster.protocol import MESSAGE, MODULE, PEERS_FAILED, TIME_OUT_MINUTES, Order
from infrastructure.learning.objectives import Parameters
from infrastructure.learning.subprocess import ENVIRONMENT

_PORTS = range(12_400, 32_768)
"""Below those that systems give to whoever connects to something."""
_PORTS_TRIED = 100
_STOOD_STILL = (
    f" LightGBM was seen to end so where another worker had not answered for {TIME_OUT_MINUTES} minutes: "
    "see whether one stands still."
)
_IS_GOING_ON = frozenset({"executing", "long-running"})
_PROGRAM = Program(kind=TRAINING, module=MODULE, messages=MESSAGE, environment=ENVIRONMENT)


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A worker that takes part.

    Attributes:
        worker_id: Of its process: one that is started anew in its place has another.
        host: Where the others reach it.
        port: The same; free a moment ago.
        threads: That it may use.
    """

    worker_id: str
    host: str
    port: int
    threads: int


@dataclass(frozen=True, kw_only=True)
class Growing:
    """What all that take part in a training have in common.

    Attributes:
        features: As all parts together show them.
        labels: In the order of their places; None for a regression.
        weights: Of each label; None where all weigh the same.
        parameters: What LightGBM is given.
        peers: In the order of their parts, which decides in what order sums are added up.
    """

    features: tuple[Feature, ...]
    labels: tuple[Label, ...] | None
    weights: tuple[float, ...] | None
    parameters: Parameters
    peers: tuple[Peer, ...]


def meet(host: str, place: int, peers: int) -> Peer:
    """Return this worker, with a port that nobody listens at, nor will one of its peers on the same machine.

    Args:
        host: Where the others reach it.
        place: Of this worker among the peers.
        peers: So many there are.
    """
    worker = get_worker()
    ports = _PORTS[place % len(_PORTS) :: peers]
    for _ in range(_PORTS_TRIED):
        port = secrets.choice(ports)
        with socket.socket() as tried:
            try:
                tried.bind(("", port))
            except OSError:
                continue
            return Peer(worker_id=worker.id, host=host, port=port, threads=worker.state.nthreads)
    message = f"The worker {worker.address} finds no port for the others: leave it some from {_PORTS.start} on."
    raise OSError(message)


def grow(part: Part, growing: Growing, place: int) -> str | Failed:
    """Grow trees from a part, together with the peers that have the others.

    Args:
        part: The rows.
        growing: What is done.
        place: Of this worker among the peers.

    Returns:
        LightGBM's text of all rounds from the first of them, nothing from others; or why there is none.
    """
    worker, peer = get_worker(), growing.peers[place]
    if worker.id != peer.worker_id:  # Dask does a task again whose worker has died
        return Failed(code=PEERS_FAILED, message=f"The worker {worker.address} was started anew.")
    key = worker.get_current_task()

    def is_cancelled() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state not in _IS_GOING_ON

    order = Order(
        sha256=part.plan.contents.sha256,
        artifacts=part.artifacts,
        part=part,
        features=growing.features,
        labels=growing.labels,
        weights=growing.weights,
        parameters=growing.parameters,
        machines=tuple((each.host, each.port) for each in growing.peers),
        place=place,
        num_threads=peer.threads,
    )
    try:
        return _PROGRAM.result_of(order, on_progress=lambda _: None, should_stop=is_cancelled)
    except WorkStopped:
        return Failed(code=PEERS_FAILED, message="It was cancelled.")
    except WorkFailed as failed:  # told, not raised: it is to reach another process whole
        is_of_peers = failed.code == f"{TRAINING.code}.process-died" and len(growing.peers) > 1
        return Failed(code=failed.code, message=failed.message + (_STOOD_STILL if is_of_peers else ""))
