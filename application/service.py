"""What every driving adapter works with, put together by the composition root."""

from dataclasses import dataclass

from application.audit.verification import VerifyLog
from application.inference.serving import Serving
from application.ledger import Ledger
from application.ports.artifacts import ArtifactStore
from application.ports.batch_predictor import FeaturesOf
from application.ports.clock import Clock
from application.ports.datasets import DatasetFiles
from application.ports.dead_letters import DeadLetters
from application.ports.foreign_models import ForeignModels
from application.ports.identity import Identity
from application.ports.inbox import Inbox
from application.ports.live import LiveJobs
from application.ports.progress import ReadModelProgress
from application.ports.read_models import ReadModels
from application.ports.reproduction import VersionHere


@dataclass(frozen=True, kw_only=True)
class Service:
    """The parts that commands, queries and predictions need, each behind its port.

    Attributes:
        version_here: Tells which libraries trainings have here.
        has_cluster: Whether trees can be grown on a Dask cluster.
    """

    ledger: Ledger
    read_models: ReadModels
    progress: ReadModelProgress
    serving: Serving
    artifacts: ArtifactStore
    files: DatasetFiles
    foreign: ForeignModels
    features_of: FeaturesOf
    version_here: VersionHere
    verify_log: VerifyLog
    inbox: Inbox
    dead_letters: DeadLetters
    live: LiveJobs
    clock: Clock
    identity: Identity
    has_cluster: bool = False
