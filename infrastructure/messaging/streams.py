"""JetStream's streams, made where they are missing and kept as they should be.

StreamUnavailable
└── SubjectsTaken   another stream covers the subjects
"""

from contextlib import suppress
from dataclasses import fields
from typing import Any

from nats.js import JetStreamContext
from nats.js.api import StreamConfig, StreamInfo
from nats.js.errors import APIError, NotFoundError

from infrastructure.messaging.hindrances import Hindrance

ACK_WAIT_S = 10.0
"""After so long a message that was handed out and not settled is handed out again."""

_NAME_IN_USE, _SUBJECTS_OVERLAP = 10058, 10065
_UNSAID = StreamConfig()


class StreamUnavailable(Hindrance):
    """There is no such stream, and none can be made; the message says why and what to do."""


class SubjectsTaken(StreamUnavailable):
    """Another stream covers the subjects, and JetStream lets only one do so."""


async def ensure_stream(js: JetStreamContext, config: StreamConfig) -> StreamInfo:
    """Return the stream, made where it is missing, and changed where it is other than asked for.

    What the configuration leaves open stays as an operator has set it.

    Raises:
        SubjectsTaken: Another stream covers its subjects.
        StreamUnavailable: The server refuses it, as when there are fewer servers than replicas.
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
    return await js.update_stream(found.config.evolve(**wanted))


def _said(config: StreamConfig) -> dict[str, Any]:
    """Return what the configuration says, without what it leaves at the default of its class."""
    return {
        field.name: value
        for field in fields(config)
        if (value := getattr(config, field.name)) != getattr(_UNSAID, field.name)
    }


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
