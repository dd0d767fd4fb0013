"""How to see of each part of the service whether it does its work."""

from collections.abc import Callable, Iterator, Mapping

from application.health.lateness import lag_of, lateness
from application.health.processes import ProcessWatch, Role
from application.inference.serving import Serving
from application.ledger import Ledger
from application.ports.artifacts import ArtifactStore
from application.ports.clock import Clock
from application.ports.event_log import EventLog
from application.ports.health import Condition, HealthStatus, Probe
from application.ports.progress import ProgressStatus, ReadModelProgress
from application.ports.read_models import ReadModels

EVENT_STORE = "event-store"
READ_MODELS = "read-models"
ARTIFACT_STORE = "artifact-store"
PREDICTORS = "predictors"
WORKERS = "workers"
API_PROCESSES = "api-processes"

_PROBLEMS_MAX = 10
"""More would be no more help."""

_NO_SIGNS = "signs of life cannot be read"


def event_store(ledger: Ledger) -> Probe:
    """Return a probe that reads where the log ends."""

    def look() -> Condition:
        return Condition(facts={"head": ledger.head()})

    return look


def read_models(progress: ReadModelProgress, documents: ReadModels, *, log: EventLog, clock: Clock) -> Probe:
    """Return a probe that asks how far the read models are, and what they had to pass over.

    Args:
        progress: How far they are.
        documents: The read models.
        log: What they follow.
        clock: Tells how late they are.
    """

    def look() -> Condition:
        status = progress.status
        lag_s = lag_of(log, lag=status.lag, after=status.position, clock=clock)
        found = [*_of_progress(status), *lateness(lag=status.lag, lag_s=lag_s)]
        facts = {
            "position": status.position,
            "lag": status.lag,
            "lag_s": lag_s,
            "parked_events": len(documents.parked()),
            "unknown_events": status.unknown_events,
        }
        return Condition(
            status=HealthStatus.DEGRADED if found else HealthStatus.HEALTHY,
            problem="; ".join(found) or None,
            facts=facts,
        )

    return look


def artifact_store(artifacts: ArtifactStore) -> Probe:
    """Return a probe that has the store take in a few bytes, and removes them again."""

    def look() -> Condition:
        artifacts.check()
        return Condition()

    return look


def predictors(serving: Serving) -> Probe:
    """Return a probe that counts the models that are answered by an earlier version than they are to be, and the
    versions in production that could not be loaded."""

    def look() -> Condition:
        late, problems = serving.late()
        unloadable = serving.integrity.in_production()
        told = [*unloadable, *problems]
        if len(told) > _PROBLEMS_MAX:
            told = [*told[:_PROBLEMS_MAX], f"and {len(told) - _PROBLEMS_MAX} more"]
        return Condition(
            status=HealthStatus.DEGRADED if told else HealthStatus.HEALTHY,
            problem="; ".join(told) or None,
            facts={"late": late, "unloadable": len(unloadable)},
        )

    return look


def workers(watch: ProcessWatch, *, backlog: Callable[[], Mapping[str, float]]) -> Probe:
    """Return a probe that counts the workers that show signs of life, and tells what waits for them.

    Args:
        watch: Knows which processes live.
        backlog: Returns name → figure of the jobs that wait and run.
    """

    def look() -> Condition:
        alive = watch.alive(Role.WORKER)
        facts = {"alive": alive, **backlog()}
        if alive:
            return Condition(facts=facts)
        problem = "no worker shows a sign of life" if alive == 0 else _NO_SIGNS
        return Condition(status=HealthStatus.UNHEALTHY, problem=f"{problem}: trainings may wait", facts=facts)

    return look


def api_processes(watch: ProcessWatch) -> Probe:
    """Return a probe that counts the processes that answer, of which this is one whatever it can see."""

    def look() -> Condition:
        alive = watch.alive(Role.API)
        if alive is None:
            return Condition(status=HealthStatus.DEGRADED, problem=_NO_SIGNS, facts={"alive": None})
        return Condition(facts={"alive": alive})

    return look


def _of_progress(progress: ProgressStatus) -> Iterator[str]:
    if progress.error is not None:
        yield f"stopped since {progress.failing_since}: {progress.error}"
    if not progress.is_running:
        yield "nothing moves them on"
