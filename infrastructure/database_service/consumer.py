"""Carries out commands as they come: a batch in a transaction, acknowledged once it is committed."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from application.ports.metadata_store import SERVICE, STREAM
from infrastructure.database_service.commands import Command, InvalidCommand, parsed
from infrastructure.database_service.store import SqlMetadataStore
from infrastructure.database_service.streams import commands_consumer

_BATCH = 256
_WAIT_S = 5.0
_AGAIN_S = 1.0

_log = logging.getLogger(__name__)


class _Delivered(NamedTuple):
    """A command and the message that it came by."""

    message: Msg
    command: Command


class CommandConsumer:
    """Takes commands from the stream and carries them out.

    What can never be carried out is terminated and holds up nothing else.

    Args:
        store: Where.

    Attributes:
        carried_out: So many were, the repeated ones among them.
        invalid: So many could not be.
    """

    def __init__(self, store: SqlMetadataStore) -> None:
        self._store = store
        self.carried_out = 0
        self.invalid = 0

    async def run(self, js: JetStreamContext) -> None:
        """Carry out commands until cancelled.

        Raises:
            SQLAlchemyError: The database does not work; what was at hand comes again.
        """
        await js.add_consumer(STREAM, commands_consumer())
        subscription = await js.pull_subscribe_bind(durable=SERVICE, stream=STREAM)
        try:
            while True:
                with suppress(TimeoutError):
                    await self._carry_out(await subscription.fetch(_BATCH, timeout=_WAIT_S))
        finally:
            with suppress(NatsError, OSError):
                await subscription.unsubscribe()

    async def _carry_out(self, messages: Sequence[Msg]) -> None:
        delivered = []
        for message in messages:
            try:
                command = parsed(message.subject, message.headers, message.data)
            except InvalidCommand as error:
                await self._refuse(message, error)
            else:
                delivered.append(_Delivered(message, command))
        try:
            await self._apply(delivered)
        except SQLAlchemyError:
            for each in delivered:
                await each.message.nak(_AGAIN_S)
            raise

    async def _apply(self, delivered: Sequence[_Delivered]) -> None:
        if not delivered:
            return
        try:
            await asyncio.to_thread(self._store.apply, [each.command for each in delivered])
        except (DataError, IntegrityError, ValueError) as error:
            if len(delivered) == 1:
                await self._refuse(delivered[0].message, error)
                return
            for each in delivered:  # which of them it is shows when each is on its own
                await self._apply([each])
            return
        self.carried_out += len(delivered)
        for each in delivered:
            await each.message.ack()

    async def _refuse(self, message: Msg, error: Exception) -> None:
        self.invalid += 1
        where = message.metadata.sequence.stream
        _log.error(
            "A command to the Database Service is dropped (%s, message %d): %s", message.subject, where, error
        )
        await message.term()
