"""The reference server of the Database Service, for where there is no other."""

import asyncio
import logging
from contextlib import suppress

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.micro.service import Service, ServiceConfig

from application.ports.metadata_store import SERVICE
from infrastructure.database_service.consumer import CommandConsumer
from infrastructure.database_service.queries import Queries
from infrastructure.database_service.rivals import STORE
from infrastructure.database_service.store import SqlMetadataStore
from infrastructure.database_service.streams import commands_stream
from infrastructure.messaging.discovery import ANSWERS_S, instances
from infrastructure.messaging.streams import ensure_stream

_SETTLING_S = ANSWERS_S + 0.1
_LOOK_EVERY_S = 1.0

_log = logging.getLogger(__name__)


class DatabaseServer:
    """Carries out commands and answers questions, with what shares its database, and with nobody else.

    Where another Database Service works on the same NATS with rows of its own, it stands by, and can be seen to:
    each of them would get a share of the commands.

    Args:
        store: The rows.
        queries: What answers questions about them.
        version: Of this program, as `1.2.3`.
        replicas: How many servers of the cluster keep the stream.

    Attributes:
        commands: Carries them out, and counts.
    """

    name = "database"

    def __init__(self, *, store: SqlMetadataStore, queries: Queries, version: str, replicas: int = 1) -> None:
        self.commands = CommandConsumer(store)
        self._store = store
        self._queries = queries
        self._version = version
        self._replicas = replicas

    async def run(self, client: Client) -> None:
        """Serve until cancelled, once nobody else does so on rows of its own."""
        js = client.jetstream()
        await ensure_stream(js, commands_stream(replicas=self._replicas))
        service = Service(client, self._configuration())
        try:
            await service.start()
            await self._wait_until_alone(client, service.id)
            await self._queries.add_to(service)
            await self.commands.run(js)
        finally:
            with suppress(NatsError, OSError):
                await service.stop()

    def _configuration(self) -> ServiceConfig:
        return ServiceConfig(
            name=SERVICE,
            version=self._version,
            description="Keeps documents by collection and id, and finds them",
            metadata={STORE: self._store.identity},
        )

    async def _wait_until_alone(self, client: Client, instance: str) -> None:
        """Wait until nobody else serves. Of those who begin at one moment the first by name may.

        Whoever is told of here was there before this one asks. Who comes too late to be told of has to wait for
        longer than it takes this one to add its endpoints, by which it is seen to serve.
        """
        await asyncio.sleep(_SETTLING_S)
        told: str | None = None
        while (rival := await self._rival(client, instance)) is not None:
            if rival != told:
                _log.error(
                    "Another Database Service (instance %s) works on this NATS with rows of its own, and this one "
                    "stands by: let both use one database, or stop one.",
                    rival,
                )
                told = rival
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _rival(self, client: Client, instance: str) -> str | None:
        for other in await instances(client, SERVICE):
            is_rival = other.metadata.get(STORE) != self._store.identity
            if is_rival and (other.serves or other.id < instance):
                return other.id
        return None
