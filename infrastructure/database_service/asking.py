"""Whether the Database Service answers."""

from nats.aio.client import Client

from application.ports.metadata_store import Find
from application.ports.read_models import Collection
from infrastructure.database_service.client import DatabaseClient
from infrastructure.messaging.parts import Messaging

_WITHIN_S = 0.9


def ask_database_service(messaging: Messaging) -> None:
    """Ask how far it is.

    Raises:
        DatabaseServiceUnavailable: It says that it cannot answer, or nobody is there.
        MessagingUnavailable: There is no connection, or no answer for most of a second.
    """
    messaging.call(_ask, timeout_s=_WITHIN_S).result()


async def _ask(client: Client) -> None:
    await DatabaseClient(client).find(Collection.MODELS, Find(limit=0))
