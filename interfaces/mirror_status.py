"""Puts together what an operator sees of the mirror: from its notes, and from the Database Service."""

from collections.abc import Iterator
from contextlib import ExitStack

from nats.aio.client import Client
from nats.errors import Error as NatsError

from application.ledger import Ledger
from application.ports.messaging import MessagingUnavailable
from application.ports.read_models import Collection
from infrastructure.database_service.client import DatabaseClient, DatabaseServiceUnavailable
from infrastructure.database_service.past import Past
from infrastructure.database_service.rivals import rivalry
from infrastructure.database_service.sending import Sent
from infrastructure.messaging.positions import SqlFollowerPositions
from infrastructure.messaging.relay_notes import RelayMemory
from interfaces.cli.mirror import MirrorReport
from interfaces.cli.verdicts import OutOfReach
from interfaces.home import with_nats_of_running
from interfaces.maintenance import stored_log, told_as_endings
from interfaces.mirror_connection import connected, is_running, usable_address
from interfaces.neighbours import not_ours
from interfaces.settings import Settings
from interfaces.stores import event_environment, operation_database

_ASK_S = 10.0

_Said = tuple[dict[Collection, int], str | None]


def report_mirror(settings: Settings) -> MirrorReport:
    """Return how far the mirror is, and what is wrong; the Database Service is asked where NATS runs.

    Raises:
        OutOfReach: There is no log, or NATS runs and the Database Service does not answer.
        Misused: What the settings say is no address of NATS, or of a database.
    """
    with told_as_endings(), ExitStack() as resources:
        with stored_log(settings).snapshot():
            pass  # there is a log: the ledger would not ask, but make one
        runs = is_running(settings, resources)
        if runs:
            settings = with_nats_of_running(settings)
        ledger = resources.enter_context(Ledger(event_environment(settings)))
        positions = SqlFollowerPositions(resources.enter_context(operation_database(settings)))
        past = Past(log=ledger, positions=positions)
        sent = Sent.noted(positions)
        sent = sent if sent is not None and sent.holds(past) else Sent.nothing()
        confirmed, rivals = None, None
        if runs or settings.nats_url is not None:
            arrived, rivals = _asked(settings, resources)
            confirmed = sent.confirmed(arrived)
        problems = (rivals, past.belief().doubt, *_halted(positions))
        return MirrorReport(
            head=ledger.head(),
            sent=sent.position,
            confirmed=confirmed,
            problems=[each for each in problems if each is not None],
        )


def _halted(positions: SqlFollowerPositions) -> Iterator[str]:
    if (reason := not_ours(RelayMemory(positions).recall().halt)) is not None:
        yield f"nothing is sent to the Database Service for now: {reason}"


def _asked(settings: Settings, resources: ExitStack) -> _Said:
    messaging = resources.enter_context(connected(usable_address(settings)))
    try:
        return messaging.call(_ask, timeout_s=_ASK_S).result()
    except (DatabaseServiceUnavailable, MessagingUnavailable, NatsError) as error:
        raise OutOfReach(str(error)) from error


async def _ask(client: Client) -> _Said:
    return await DatabaseClient(client).positions(), await rivalry(client)
