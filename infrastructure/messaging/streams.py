"""JetStream's streams, made where they are missing and kept as they should be.

StreamUnavailable
└── SubjectsTaken   another stream covers the subjects
"""

from contextlib import suppress
from dataclasses import fields
from typing import Any

from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig, StreamInfo
from nats.js.errors import APIError, NotFoundError

from infrastructure.messaging.hindrances import Hindrance

ACK_WAIT_S = 10.0
"""After so long a message that was handed out and not settled is handed out again."""

_NAME_IN_USE, _SUBJECTS_OVERLAP = 10058, 10065
_UNSAID = StreamConfig()
_NEVER_LEFT_OPEN = frozenset({"max_msgs_per_subject", "max_msg_size", "no_ack", "sealed"})
"""Whatever a stream is for, it is not to lose or refuse messages by these: the class's defaults do not."""

_MADE_WITH = ("storage", "retention")
"""What a server does not change, or not always, once the stream is there."""


class StreamUnavailable(Hindrance):
    """There is no such stream, and none can be made; the message says why and what to do."""


class SubjectsTaken(StreamUnavailable):
    """Another stream covers the subjects, and JetStream lets only one do so."""


def lasting_stream(
    *, name: str, description: str, subjects: list[str], retention: RetentionPolicy, replicas: int
) -> StreamConfig:
    """Return how a stream is kept that drops nothing by itself: on disk, without limits of age, number or size."""
    return StreamConfig(
        name=name,
        description=description,
        subjects=subjects,
        retention=retention,
        storage=StorageType.FILE,
        max_age=0,
        max_bytes=-1,
        max_msgs=-1,
        discard=DiscardPolicy.NEW,
        num_replicas=replicas,
    )


async def ensure_stream(js: JetStreamContext, config: StreamConfig) -> StreamInfo:
    """Return the stream, made where it is missing, and changed where it is other than asked for.

    What the configuration leaves open stays as an operator has set it.

    Raises:
        SubjectsTaken: Another stream covers its subjects.
        StreamUnavailable: The server refuses it, as when there are fewer servers than replicas, or a stream that
            is there keeps its messages in memory.
    """
    try:
        return await _ensured(js, config)
    except APIError as error:
        if error.err_code is None:  # nobody answered the request
            message = "the NATS server has no JetStream, or it is not ready yet"
            raise StreamUnavailable(message) from error
        if error.err_code == _SUBJECTS_OVERLAP:
            raise SubjectsTaken(await _taken(js, config)) from error
        message = (
            f"the NATS server refuses stream {config.name} over {_joined(config)} with "
            f"{config.num_replicas or 1} replica(s): {error.description} (code {error.err_code})"
        )
        raise StreamUnavailable(message) from error


async def stream_over(js: JetStreamContext, subject: str) -> str | None:
    """Return the name of a stream that covers the subject, or some of what it matches; None where none does."""
    try:
        return await js.find_stream_name_by_subject(subject)
    except NotFoundError:
        return None


async def _ensured(js: JetStreamContext, config: StreamConfig) -> StreamInfo:
    try:
        found = await js.stream_info(str(config.name))
    except NotFoundError:
        try:
            return await js.add_stream(config)
        except APIError as error:
            if error.err_code != _NAME_IN_USE:
                raise
        found = await js.stream_info(str(config.name))  # another process was quicker
    wanted = _said(config)
    present, sought = found.config.as_dict(), config.as_dict()
    if all(present.get(name) == sought[name] for name in wanted):
        return found
    try:
        return await js.update_stream(found.config.evolve(**wanted))
    except APIError as error:
        if error.err_code is None or all(present.get(name) == sought.get(name) for name in _MADE_WITH):
            raise
        raise StreamUnavailable(_made_otherwise(config, present)) from error


def _said(config: StreamConfig) -> dict[str, Any]:
    """Return what the configuration says; what it leaves at the default of its class is mostly left open."""
    return {
        field.name: value
        for field in fields(config)
        if (value := getattr(config, field.name)) != getattr(_UNSAID, field.name) or field.name in _NEVER_LEFT_OPEN
    }


def _made_otherwise(config: StreamConfig, present: dict[str, Any]) -> str:
    sought = config.as_dict()
    differ = [name for name in _MADE_WITH if sought.get(name) is not None and present.get(name) != sought[name]]
    has = ", ".join(f"{name} {_word(present.get(name))}" for name in differ)
    needs = ", ".join(f"{name} {_word(sought[name])}" for name in differ)
    return (
        f"stream {config.name} has {has} and must have {needs}, to keep what is in it as long as it has to; "
        f"the NATS server does not change that: save what you need of it, then remove it (`nats stream rm "
        f"{config.name}`), and it is made anew"
    )


def _word(value: Any) -> str:
    return str(getattr(value, "value", value))


async def _taken(js: JetStreamContext, config: StreamConfig) -> str:
    others: set[str] = set()
    for subject in config.subjects or ():
        with suppress(APIError):
            if (other := await stream_over(js, subject)) is not None and other != config.name:
                others.add(other)
    which = f"stream {', '.join(sorted(others))}" if others else "another stream"
    return (
        f"{which} of the NATS server covers subjects of {_joined(config)}, which stream {config.name} is to keep: "
        f"remove those subjects from it, or use a NATS account of its own"
    )


def _joined(config: StreamConfig) -> str:
    return ", ".join(config.subjects or ())
