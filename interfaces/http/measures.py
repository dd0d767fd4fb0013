"""Which facts of dependencies are figures for operators to watch, and under which names."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from application.health.asking import Finding
from application.health.messaging_probes import DATABASE_SERVICE, INBOX, NATS, RELAY
from application.health.probes import API_PROCESSES, EVENT_STORE, PREDICTORS, READ_MODELS, WORKERS
from application.ports.health import HealthStatus

PREFIX = "ml_service"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A fact that a look at a dependency gives.

    Attributes:
        dependency: Its name.
        fact: The fact's.
        name: Of the metric, after the service's own prefix.
        says: What it is.
        only_grows: Whether it counts what has happened since the process began.
    """

    dependency: str
    fact: str
    name: str
    says: str
    only_grows: bool = False

    def family(self, value: float) -> Metric:
        """Return the metric with its value."""
        kind = CounterMetricFamily if self.only_grows else GaugeMetricFamily
        return kind(f"{PREFIX}_{self.name}", self.says, value=value)


MEASURES = (
    Measure(dependency=EVENT_STORE, fact="head", name="events_head", says="Position of the newest event."),
    Measure(
        dependency=READ_MODELS,
        fact="position",
        name="read_models_position",
        says="Position of the last event that the read models show.",
    ),
    Measure(dependency=READ_MODELS, fact="lag", name="read_models_lag", says="Events that they are yet to show."),
    Measure(
        dependency=READ_MODELS,
        fact="lag_s",
        name="read_models_lag_seconds",
        says="How old the oldest of them is.",
    ),
    Measure(
        dependency=READ_MODELS,
        fact="parked_events",
        name="read_models_parked_events",
        says="Events, of the first thousand, that only a newer program can read.",
    ),
    Measure(
        dependency=PREDICTORS,
        fact="late",
        name="predictors_late",
        says="Models that an earlier version goes on answering for, until the one to follow is loaded.",
    ),
    Measure(
        dependency=PREDICTORS,
        fact="unloadable",
        name="predictors_unloadable",
        says="Versions in production whose artifacts cannot be loaded, even if they answer from memory.",
    ),
    Measure(dependency=WORKERS, fact="alive", name="workers_alive", says="Workers that show signs of life."),
    Measure(
        dependency=WORKERS,
        fact="waiting",
        name="jobs_waiting",
        says="Jobs, of the first thousand of a kind, that wait for a worker.",
    ),
    Measure(
        dependency=WORKERS,
        fact="oldest_waiting_s",
        name="jobs_oldest_waiting_seconds",
        says="Since the first of them was asked for.",
    ),
    Measure(
        dependency=WORKERS,
        fact="running",
        name="jobs_running",
        says="Jobs, of the first thousand of a kind, that workers hold.",
    ),
    Measure(
        dependency=API_PROCESSES,
        fact="alive",
        name="api_processes_alive",
        says="Processes that answer and show signs of life.",
    ),
    Measure(
        dependency=NATS, fact="subscriptions", name="nats_subscriptions", says="Subscriptions of this process."
    ),
    Measure(
        dependency=RELAY,
        fact="position",
        name="relay_position",
        says="Position up to which neighbours have been told of the log.",
    ),
    Measure(dependency=RELAY, fact="lag", name="relay_lag", says="Events that they are yet to be told of."),
    Measure(dependency=RELAY, fact="lag_s", name="relay_lag_seconds", says="How old the oldest of them is."),
    Measure(dependency=RELAY, fact="halted", name="relay_halted", says="1 while the relay waits for an operator."),
    Measure(
        dependency=RELAY,
        fact="published",
        name="relay_published",
        says="Events that this process has published.",
        only_grows=True,
    ),
    Measure(
        dependency=RELAY,
        fact="refilled",
        name="relay_refilled",
        says="Events that it has published a second time, because the stream had lost them.",
        only_grows=True,
    ),
    Measure(
        dependency=RELAY,
        fact="skipped",
        name="relay_skipped",
        says="Events that were left out because an operator chose so.",
        only_grows=True,
    ),
    Measure(
        dependency=INBOX, fact="in_hand", name="inbox_in_hand", says="Neighbours' events that are being handled."
    ),
    Measure(
        dependency=INBOX,
        fact="handled",
        name="inbox_handled",
        says="Neighbours' events that were reacted to.",
        only_grows=True,
    ),
    Measure(
        dependency=INBOX,
        fact="duplicates",
        name="inbox_duplicates",
        says="Neighbours' events that were known already.",
        only_grows=True,
    ),
    Measure(
        dependency=INBOX,
        fact="unknown",
        name="inbox_unknown",
        says="Neighbours' events of types that nobody listens to.",
        only_grows=True,
    ),
    Measure(
        dependency=INBOX,
        fact="retries",
        name="inbox_retries",
        says="How often something was tried again.",
        only_grows=True,
    ),
    Measure(
        dependency=INBOX,
        fact="set_aside",
        name="inbox_set_aside",
        says="Neighbours' events that could not be handled.",
        only_grows=True,
    ),
    Measure(
        dependency=INBOX,
        fact="untrained",
        name="inbox_untrained",
        says="How often a model could not be trained on new data that it follows.",
        only_grows=True,
    ),
    Measure(
        dependency=INBOX,
        fact="dead_letters",
        name="dead_letters",
        says="Messages that wait to be replayed or discarded.",
    ),
    Measure(
        dependency=DATABASE_SERVICE,
        fact="lag",
        name="mirror_lag",
        says="Positions of the log that are yet to arrive at the Database Service.",
    ),
    Measure(
        dependency=DATABASE_SERVICE,
        fact="lag_s",
        name="mirror_lag_seconds",
        says="How old the oldest of them is.",
    ),
    Measure(
        dependency=DATABASE_SERVICE,
        fact="resent",
        name="mirror_resent",
        says="How often the mirror went back, because what it had sent was lost.",
        only_grows=True,
    ),
)


def dependency_families(findings: Iterable[Finding]) -> Iterator[Metric]:
    """Yield what was found of dependencies; a fact that could not be seen is left out."""
    found = {each.dependency.name: each for each in findings}
    is_up = GaugeMetricFamily(
        f"{PREFIX}_dependency_up",
        "Whether a dependency does its work: 1 all of it, 0.5 some of it, 0 none.",
        labels=("service_name",),
    )
    answered = GaugeMetricFamily(
        f"{PREFIX}_dependency_response_seconds",
        "How long it took to say so, or for how long it has said nothing.",
        labels=("service_name",),
    )
    for name, each in found.items():
        is_up.add_metric((name,), _UP[each.condition.status])
        answered.add_metric((name,), each.took_s)
    yield from (is_up, answered)
    for measure in MEASURES:
        finding = found.get(measure.dependency)
        value = None if finding is None else finding.condition.facts.get(measure.fact)
        if isinstance(value, int | float):
            yield measure.family(float(value))


_UP = {HealthStatus.HEALTHY: 1.0, HealthStatus.DEGRADED: 0.5, HealthStatus.UNHEALTHY: 0.0}
