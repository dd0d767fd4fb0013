"""Who offers a micro service on a NATS, as its instances say of themselves (Source: ADR-32)."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.micro.service import ServiceVerb, control_subject

from domain.kernel import Immutable

ANSWERS_S = 0.2
"""So long instances have to answer, unless told otherwise."""


class Instance(Immutable):
    """An instance of a micro service.

    Attributes:
        id: Its own.
        metadata: What it says of itself.
        serves: Whether it has endpoints.
    """

    id: str
    metadata: Mapping[str, Any]
    serves: bool


async def instances(client: Client, service: str, *, within_s: float = ANSWERS_S) -> list[Instance]:
    """Return the instances of a service that answer in time."""
    inbox = client.new_inbox()
    found: list[Instance] = []
    subscription = await client.subscribe(inbox)
    try:
        await client.publish(control_subject(ServiceVerb.INFO, service), reply=inbox)
        async with asyncio.timeout(within_s):
            async for message in subscription.messages:
                with suppress(ValueError, AttributeError):  # somebody else may answer anything
                    said = json.loads(message.data)
                    metadata = said.get("metadata") or {}
                    serves = bool(said.get("endpoints"))
                    found.append(Instance(id=str(said.get("id")), metadata=metadata, serves=serves))
    except TimeoutError:
        pass
    finally:
        with suppress(NatsError, OSError):
            await subscription.unsubscribe()
    return found
