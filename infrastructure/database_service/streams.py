"""Where commands wait until they are carried out: the stream, and the consumer that shares them out."""

from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig

from application.ports.metadata_store import SERVICE, STREAM, command_subject
from infrastructure.messaging.streams import ACK_WAIT_S

_BYTES_MAX = 1024 * 1024 * 1024
_UNACKNOWLEDGED_MAX = 2_000
_ALL = command_subject("*", "*")


def commands_stream(*, replicas: int) -> StreamConfig:
    """Return the stream of commands: each is kept until it was carried out.

    When nobody takes them for so long that it is full, it takes no more: what is not in it is still in the log.
    """
    return StreamConfig(
        name=STREAM,
        description="Commands to the Database Service that are yet to be carried out",
        subjects=[_ALL],
        retention=RetentionPolicy.WORK_QUEUE,
        discard=DiscardPolicy.NEW,
        storage=StorageType.FILE,
        max_bytes=_BYTES_MAX,
        num_replicas=replicas,
    )


def commands_consumer() -> ConsumerConfig:
    """Return the consumer that all instances of the Database Service share.

    A command is handed out until it was carried out, however often: one that cannot be is terminated.
    """
    return ConsumerConfig(
        name=SERVICE,
        durable_name=SERVICE,
        filter_subject=_ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_S,
        max_deliver=-1,
        max_ack_pending=_UNACKNOWLEDGED_MAX,
    )
