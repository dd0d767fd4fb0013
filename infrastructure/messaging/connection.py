"""One connection to NATS: had or refused within seconds, and lost within seconds of the server's silence."""

import asyncio
import logging
from contextlib import suppress
from random import sample

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoServersError, SlowConsumerError

from application.ports.messaging import MessagingUnavailable
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.credentials import Credentials
from infrastructure.messaging.sturdy_client import SturdyClient

_log = logging.getLogger(__name__)

_CONNECT_S = 2
_PING_EVERY_S = 2
_PINGS_UNANSWERED = 2
_FLUSH_S = 0.5
_PENDING_BYTES = 8 * 1024 * 1024
"""Who publishes more than the server takes waits from there on."""


class NatsConnection(SturdyClient):
    """A client that does not connect again: once its connection is lost it is closed, and fails whoever uses it.

    Nothing meant for the lost connection is sent on another one, where nobody waits for it any more.

    Attributes:
        lost: Set when the connection is gone, or is to be.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lost = asyncio.Event()
        self._told: Exception | None = None

    @property
    def reason(self) -> str:
        """Why the connection was not had or is lost, in words."""
        last = self.last_error
        error = self._told if last is None or isinstance(last, NoServersError) else last
        if isinstance(error, ConnectionRefusedError):
            return "nobody listens there"
        return "it was closed" if error is None else str(error).removeprefix("nats: ") or "it does not answer"

    @property
    def server_url(self) -> str:
        """Which server it leads to, without secrets."""
        server = self._current_server
        return "" if server is None else server.uri.geturl()

    @property
    def subscription_count(self) -> int:
        """How many subscriptions the server knows of, without the one that answers to requests come by."""
        prefix = self._resp_sub_prefix
        answers = None if prefix is None else f"{prefix.decode()}*"
        return sum(each.subject != answers for each in list(self._subs.values()))

    async def open(self, server: str, address: NatsAddress, *, name: str) -> None:
        """Connect to one server of the address.

        Raises:
            Exception: It cannot be reached, does not answer, or does not let us in.
        """
        login = address.login
        credentials = None if address.credentials is None else Credentials(address.credentials)
        try:
            await self.connect(
                servers=[server],
                name=name,
                error_cb=self._on_error,
                closed_cb=self._on_closed,
                allow_reconnect=False,
                max_reconnect_attempts=1,  # 0 would mean: try for ever
                reconnect_time_wait=0,
                connect_timeout=_CONNECT_S,
                ping_interval=_PING_EVERY_S,
                max_outstanding_pings=_PINGS_UNANSWERED,
                pending_size=_PENDING_BYTES,
                tls=address.tls(),
                user_jwt_cb=None if credentials is None else credentials.jwt,
                signature_cb=None if credentials is None else credentials.signature,
                user=login.user,
                password=login.password,
                token=login.token,
            )
        except BaseException:
            await self._close(Client.CLOSED, do_cbs=False)
            raise

    async def close(self) -> None:
        """Send what is still to be sent, if the server takes it soon, and close."""
        with suppress(NatsError, OSError):
            async with asyncio.timeout(_FLUSH_S):
                await self.flush()
        await super().close()

    async def _close(self, status: int, do_cbs: bool = True) -> None:  # noqa: FBT001, FBT002 - nats-py's own
        # it would wait for the server to take what is on its way, which one that stands still never does
        self._pending.clear()
        self._pending_data_size = 0
        writer = getattr(self._transport, "_io_writer", None)
        if writer is not None:
            writer.transport.abort()
        self._transport = None  # whose closing is waited for in vain after a TLS handshake that failed
        await super()._close(status, do_cbs)

    def _connect_command(self) -> bytes:
        # nats-py would show its token to a server that does not speak TLS, even if told of certificates
        if "tls" in self.options and not self._server_info.get("tls_required", False):
            message = "nats: the server does not demand TLS, so that it is told no secrets"
            raise NatsError(message)
        return super()._connect_command()

    def _on_read_to_the_end(self) -> None:
        self.lost.set()

    async def _on_closed(self) -> None:
        self.lost.set()

    async def _on_error(self, error: Exception) -> None:
        self._told = error
        if isinstance(error, SlowConsumerError):
            _log.warning("messages to %s are dropped: they come faster than they are taken", error.subject)
        elif not isinstance(error, (NatsError, OSError)):
            _log.error("a subscription's callback failed", exc_info=error)


async def connect(address: NatsAddress, *, name: str) -> NatsConnection:
    """Return a connection to one of the servers, whichever is the first to take it.

    A server that is gone or stands still is noticed within seven seconds; `lost` says so. Who wants to go on
    connects anew, which `Messaging` does for those who work on it.

    Args:
        address: Where they are.
        name: Of this client, for the operator of the servers.

    Raises:
        MessagingUnavailable: None takes it; the message says why of each, and no secrets.
    """
    reasons = []
    for server in sample(address.servers, len(address.servers)):
        client = NatsConnection()
        try:
            await client.open(server, address, name=name)
        except NoServersError:
            reasons.append(f"{server}: {client.reason}")
        except Exception as error:  # of the network, the server, or a file of certificates or credentials
            reasons.append(f"{server}: {str(error).removeprefix('nats: ') or 'it does not answer'}")
        else:
            return client
    message = f"NATS cannot be reached: {'; '.join(reasons)}."
    raise MessagingUnavailable(message)
