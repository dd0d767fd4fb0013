"""The stream in which events of neighbours wait where no other keeps them, and the way into it over HTTP."""

from collections.abc import Mapping

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy
from nats.js.errors import NoStreamResponseError

from application.integration.callback import EventCallback
from application.integration.incoming import CALLBACK_SUBJECT, DELIVERIES_MAX, DURABLE, STREAM, SUBJECTS
from application.ports.messaging import MessagingUnavailable
from infrastructure.messaging.inbound_messages import CORRELATION_HEADER
from infrastructure.messaging.parts import Messaging
from infrastructure.messaging.streams import (
    ACK_WAIT_S,
    StreamUnavailable,
    ensure_stream,
    lasting_stream,
    stream_over,
)

IN_HAND_MAX = 256

_PUT_WITHIN_S = 5.0
_REQUEST_S = 2.0


class NatsInbox:
    """Keeps events in the inbox's stream.

    Args:
        messaging: Reaches it.
        replicas: How many servers keep the stream.
    """

    def __init__(self, *, messaging: Messaging, replicas: int = 1) -> None:
        self._messaging = messaging
        self._replicas = replicas
        self._is_sound = False

    def put(self, callback: EventCallback, *, correlation_id: str) -> None:
        """Keep the event; when this returns it is handled, whatever ends meanwhile. Blocks.

        Raises:
            MessagingUnavailable: It cannot be kept now.
        """
        body, headers = callback.canonical(), {CORRELATION_HEADER: correlation_id}

        async def publish(client: Client) -> None:
            js = client.jetstream(timeout=_REQUEST_S)
            if not self._is_sound:  # a stream may be there that does not keep what is put into it
                await sources(js, replicas=self._replicas)
                self._is_sound = True
            try:
                await js.publish(CALLBACK_SUBJECT, body, headers=dict(headers))
            except NoStreamResponseError:  # somebody has removed it
                await sources(js, replicas=self._replicas)
                await js.publish(CALLBACK_SUBJECT, body, headers=dict(headers))

        try:
            self._messaging.call(publish, timeout_s=_PUT_WITHIN_S).result()
        except (NatsError, StreamUnavailable) as error:
            message = f"The event cannot be kept now: {error}. Send it again."
            raise MessagingUnavailable(message) from error


async def sources(js: JetStreamContext, *, replicas: int) -> Mapping[str, tuple[str, ...]]:
    """Return stream → subjects that are taken from it: another's where one covers them, else the inbox's own.

    Raises:
        StreamUnavailable: The inbox's stream cannot be made.
    """
    found: dict[str, tuple[str, ...]] = {STREAM: (CALLBACK_SUBJECT,)}
    for subject in SUBJECTS:
        name = await stream_over(js, subject) or STREAM
        found[name] = (*found.get(name, ()), subject)
    inbox = lasting_stream(
        name=STREAM,
        description="What neighbours tell the machine learning service, until it is handled.",
        subjects=list(found[STREAM]),
        retention=RetentionPolicy.WORK_QUEUE,
        replicas=replicas,
    )
    await ensure_stream(js, inbox)
    return found


def consumer_of(subjects: tuple[str, ...], *, ack_wait_s: float = ACK_WAIT_S) -> ConsumerConfig:
    """Return how messages on the subjects are handed out.

    All that the stream has are, also those from before there was a consumer: what was handled before one was
    lost is known again.
    """
    return ConsumerConfig(
        durable_name=DURABLE,
        description="Hands neighbours' events to the machine learning service.",
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ack_wait_s,
        max_deliver=DELIVERIES_MAX,
        max_ack_pending=IN_HAND_MAX,
        filter_subjects=list(subjects),
    )
