"""How to see of what goes between this service and its neighbours whether it gets there."""

from collections.abc import Callable, Iterator, Mapping

from application.health.lateness import lag_of, lateness
from application.ports.clock import Clock
from application.ports.dead_letters import DeadLetters
from application.ports.event_log import EventLog
from application.ports.health import Condition, Fact, HealthStatus, Probe
from application.ports.inbox import InboxProgress
from application.ports.leadership import Leadership
from application.ports.messaging import MessagingProgress, MessagingStatus
from application.ports.metadata_store import MirrorStatus
from application.ports.relay import RelayProgress

NATS = "nats"
RELAY = "relay"
INBOX = "inbox"
DATABASE_SERVICE = "database-service"

_NOT_CONNECTED = "not connected"


def nats(messaging: MessagingProgress, *, round_trip: Callable[[], None]) -> Probe:
    """Return a probe that goes to the server and back, and asks how those fare who work on the connection.

    Args:
        messaging: The connection.
        round_trip: Goes there and back, or raises.
    """

    def look() -> Condition:
        status = messaging.status
        if status.is_connected:
            round_trip()
        return _of_messaging(status)

    return look


def relay(progress: RelayProgress, *, leadership: Leadership, log: EventLog, clock: Clock) -> Probe:
    """Return a probe that asks how far neighbours are told of the log, where this process tells them.

    Args:
        progress: How far they are told.
        leadership: Whether this process tells them.
        log: Of what.
        clock: Tells how late they are told.
    """

    def look() -> Condition:
        status = progress.status
        counted: dict[str, Fact] = {
            "published": status.published,
            "refilled": status.refilled,
            "skipped": status.skipped,
            "halted": status.halted is not None,
        }
        if not leadership.is_held():
            return Condition(facts=counted)
        lag_s = lag_of(log, lag=status.lag, after=status.position, clock=clock)
        facts = {**counted, "position": status.position, "lag": status.lag, "lag_s": lag_s}
        if status.halted_because is not None:
            return Condition(status=HealthStatus.UNHEALTHY, problem=status.halted_because, facts=facts)
        if status.error is not None:
            return Condition(status=HealthStatus.DEGRADED, problem=status.error, facts=facts)
        return _unless_late(status.lag, lag_s, facts)

    return look


def inbox(progress: InboxProgress, letters: DeadLetters, *, untrained: Callable[[], int]) -> Probe:
    """Return a probe that asks whether neighbours' events are handled, and counts those that could not be.

    Args:
        progress: Of this process.
        letters: Those that could not be.
        untrained: Returns how often a model was not trained on new data that it follows.
    """

    def look() -> Condition:
        status = progress.status
        waiting = letters.counts().letters
        facts = {
            "in_hand": status.in_hand,
            "handled": status.handled,
            "duplicates": status.duplicates,
            "unknown": status.unknown,
            "own": status.own,
            "retries": status.retries,
            "set_aside": status.dead_letters,
            "untrained": untrained(),
            "dead_letters": waiting,
        }
        if waiting:
            problem = f"{waiting} messages wait among the dead letters, to be replayed or discarded"
            return Condition(status=HealthStatus.DEGRADED, problem=problem, facts=facts)
        return Condition(facts=facts)

    return look


def database_service(
    ask: Callable[[], None],
    *,
    mirror: Callable[[], MirrorStatus],
    leadership: Leadership,
    log: EventLog,
    clock: Clock,
    rivalry: Callable[[], str | None],
) -> Probe:
    """Return a probe that asks the Database Service a question, and how far it has what the read models have.

    Args:
        ask: Asks it, or raises.
        mirror: Returns how far it is, where this process leads.
        leadership: Whether it does.
        log: What is to arrive there.
        clock: Tells how late that is.
        rivalry: Returns why several cannot serve at once; None where there is but one.
    """

    def look() -> Condition:
        ask()
        problems = [] if (problem := rivalry()) is None else [problem]
        facts: dict[str, Fact] = {}
        if leadership.is_held():
            status = mirror()
            lag_s = lag_of(log, lag=status.lag, after=status.confirmed, clock=clock)
            facts = {"confirmed": status.confirmed, "lag": status.lag, "lag_s": lag_s, "resent": status.resent}
            late = lateness(lag=status.lag, lag_s=lag_s)
            problems += late if status.error is None else [status.error]
        if problems:
            return Condition(status=HealthStatus.DEGRADED, problem="; ".join(problems), facts=facts)
        return Condition(facts=facts)

    return look


def _of_messaging(status: MessagingStatus) -> Condition:
    if not status.is_connected:
        return Condition(status=HealthStatus.UNHEALTHY, problem=status.error or _NOT_CONNECTED)
    facts = {"server": status.server_url, "subscriptions": status.subscriptions}
    failing = list(_failing(status))
    if failing:
        return Condition(status=HealthStatus.DEGRADED, problem="; ".join(failing), facts=facts)
    return Condition(facts=facts)


def _failing(status: MessagingStatus) -> Iterator[str]:
    for part in status.parts:
        if part.error is not None:
            yield f"{part.name}: {part.error}"


def _unless_late(lag: int | None, lag_s: float | None, facts: Mapping[str, Fact]) -> Condition:
    for problem in lateness(lag=lag, lag_s=lag_s):
        return Condition(status=HealthStatus.DEGRADED, problem=problem, facts=facts)
    return Condition(facts=facts)
