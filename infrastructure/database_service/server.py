"""The reference server of the Database Service, for where there is no other."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.micro.service import Service, ServiceConfig, ServiceVerb, control_subject

from application.ports.metadata_store import SERVICE
from infrastructure.database_service.consumer import CommandConsumer
from infrastructure.database_service.queries import Queries
from infrastructure.database_service.store import SqlMetadataStore
from infrastructure.database_service.streams import commands_stream
from infrastructure.messaging.hindrances import Hindrance
from infrastructure.messaging.streams import ensure_stream

_STORE = "store"
_ANSWERS_S = 0.2
_SETTLING_S = 0.3


class ServedElsewhere(Hindrance):
    """Another Database Service works on the same NATS with rows of its own: each would get a share of them."""


class DatabaseServer:
    """Carries out commands and answers questions, with what shares its database, and with nobody else.

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
        """Serve until cancelled.

        Raises:
            ServedElsewhere: Another one does so, on rows of its own. When it is gone, this one may.
        """
        js = client.jetstream()
        await ensure_stream(js, commands_stream(replicas=self._replicas))
        service = Service(client, self._configuration())
        try:
            await service.start()
            await self._require_alone(client, service.id)
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
            metadata={_STORE: self._store.identity},
        )

    async def _require_alone(self, client: Client, instance: str) -> None:
        """Demand that nobody else serves. Of those who begin at one moment the first by name may.

        Whoever is told of here was there before this one asks. Who comes too late to be told of has to wait for
        longer than it takes this one to add its endpoints, by which it is seen to serve.

        Raises:
            ServedElsewhere: Somebody does.
        """
        await asyncio.sleep(_SETTLING_S)
        for other in await _instances(client):
            is_rival = other.get("metadata", {}).get(_STORE) != self._store.identity
            if is_rival and (other.get("endpoints") or str(other.get("id")) < instance):
                message = (
                    f"another Database Service (instance {other.get('id')}) works on this NATS with rows of its "
                    "own: let both use one database, or stop one"
                )
                raise ServedElsewhere(message)


async def _instances(client: Client) -> list[Mapping[str, Any]]:
    """Return what instances of the service say of themselves that answer in time."""
    inbox = client.new_inbox()
    answers: list[Mapping[str, Any]] = []
    subscription = await client.subscribe(inbox)
    try:
        await client.publish(control_subject(ServiceVerb.INFO, SERVICE), reply=inbox)
        async with asyncio.timeout(_ANSWERS_S):
            async for message in subscription.messages:
                with suppress(ValueError):
                    answers.append(json.loads(message.data))
    except TimeoutError:
        pass
    finally:
        with suppress(NatsError, OSError):
            await subscription.unsubscribe()
    return answers
