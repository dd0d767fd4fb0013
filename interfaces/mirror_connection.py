"""How a command reaches the Database Service of a data directory, whether a service runs on that or not."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from infrastructure.messaging.address import NatsAddressInvalid
from infrastructure.messaging.parts import Messaging, Part
from infrastructure.postgres_connection import DatabaseURLInvalid
from infrastructure.system.clock import SystemClock
from interfaces.cli.verdicts import Misused, OutOfReach
from interfaces.database import require_database_service_url
from interfaces.home import HomeTaken, locked_home
from interfaces.neighbours import Address, nats_address
from interfaces.settings import Settings

_ANSWER_S = 5.0
_LOOK_EVERY_S = 0.2


def is_running(settings: Settings, resources: ExitStack) -> bool:
    """Return whether a service runs on the data directory; where none does, it is kept from starting meanwhile."""
    try:
        resources.enter_context(locked_home(settings))
    except HomeTaken:
        return True
    return False


def usable_address(settings: Settings) -> Address:
    """Return what tells where NATS is.

    Raises:
        Misused: What the settings say is no address of NATS, or of the Database Service's database.
    """
    try:
        require_database_service_url(settings)
        return nats_address(settings)
    except (DatabaseURLInvalid, NatsAddressInvalid) as error:
        raise Misused(str(error)) from error


@contextmanager
def connected(address: Address, *, parts: Sequence[Part] = ()) -> Iterator[Messaging]:
    """Yield a connection to where the Database Service is, with what is to work on it."""
    messaging = Messaging(address=address, name="mirror-command", parts=parts, clock=SystemClock())
    messaging.start()
    try:
        _wait_for(messaging)
        yield messaging
    finally:
        messaging.stop()


def _wait_for(messaging: Messaging) -> None:
    """Wait until there is a connection.

    Raises:
        OutOfReach: There is none in time.
    """
    end = time.monotonic() + _ANSWER_S
    while not messaging.status.is_connected:
        if time.monotonic() > end:
            raise OutOfReach(messaging.status.error or "NATS does not answer")
        time.sleep(_LOOK_EVERY_S)
