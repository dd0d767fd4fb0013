"""The stream of dead letters: set aside in order, gone through in order, by several processes at once."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import orjson
from nats.js import JetStreamContext
from nats.js.api import Header, RawStreamMsg, RetentionPolicy
from nats.js.errors import APIError, NotFoundError

from application.integration.dead_letters import GIVEN_UP, LETTERS, OUTCOMES, STREAM, SUBJECTS
from application.ports.dead_letters import DeadLetter, DeadLetterCounts, LetterStatus
from domain.kernel import Immutable
from infrastructure.messaging.dead_letter_messages import (
    from_message,
    outcome_of,
    subject_of,
    subject_of_letter,
    to_message,
)
from infrastructure.messaging.streams import SubjectsTaken, ensure_stream, lasting_stream

_log = logging.getLogger(__name__)

_LAST_IS_ANOTHER, _NOT_DELETED = 10071, 10057
_ALL_LETTERS = f"{LETTERS}.*"


class MovedOn(Exception):
    """The lane's last letter is not the one that was seen any more: look again."""


class GivenUp(Immutable):
    """A message that JetStream hands out no more.

    Attributes:
        id: Of JetStream's word, in the stream of dead letters.
    """

    id: int
    stream: str
    sequence: int
    deliveries: int


class DeadLetterStream:
    """Dead letters in JetStream. The letters of one lane are those about the same thing.

    Args:
        js: Reaches the stream.
    """

    def __init__(self, js: JetStreamContext) -> None:
        self._js = js

    async def ensure(self, *, replicas: int) -> None:
        """Make the stream where it is missing.

        Where another stream listens to what JetStream gives up, this one does without: every message is set
        aside at its last delivery anyway, by whoever is handed it.

        Raises:
            StreamUnavailable: It cannot be made.
        """
        config = lasting_stream(
            name=STREAM,
            description="What the machine learning service could not handle, until somebody decides.",
            subjects=list(SUBJECTS),
            retention=RetentionPolicy.LIMITS,
            replicas=replicas,
        ).evolve(allow_rollup_hdrs=True)
        try:
            await ensure_stream(self._js, config)
        except SubjectsTaken:
            others = [each for each in SUBJECTS if each != GIVEN_UP]
            await ensure_stream(self._js, config.evolve(subjects=others))

    async def last(self, lane: str) -> int | None:
        """Return the id of the lane's last letter; None when it has none."""
        found = await self._last_on(subject_of(lane))
        return None if found is None else _sequence(found)

    async def append(self, letter: DeadLetter, *, behind: int | None) -> None:
        """Set a message aside, behind the last letter of its lane that was seen.

        Raises:
            MovedOn: That is not the last any more.
        """
        headers, body = to_message(letter)
        headers[Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value] = str(behind or 0)
        try:
            await self._js.publish(subject_of_letter(letter), body, headers=headers)
        except APIError as error:
            if error.err_code == _LAST_IS_ANOTHER:
                raise MovedOn from None
            raise

    async def get(self, letter_id: int) -> DeadLetter | None:
        """Return a letter; None when there is none."""
        found = await self._next(letter_id, _ALL_LETTERS)
        return found if found is not None and found.id == letter_id else None

    async def after(self, letter_id: int, *, lane: str | None = None) -> DeadLetter | None:
        """Return the next letter behind the id, of a lane where one is given; None when there is none."""
        return await self._next(letter_id + 1, _ALL_LETTERS if lane is None else subject_of(lane))

    async def has(self, lane: str, *, stream: str, sequence: int) -> bool:
        """Tell whether a lane has the letter of this message."""
        letter = await self.after(0, lane=lane)
        while letter is not None:
            if (letter.stream, letter.sequence) == (stream, sequence):
                return True
            letter = await self.after(letter.id, lane=lane)
        return False

    async def note(self, letter_id: int, *, code: str, reason: str, at: datetime) -> None:
        """Keep how the letter ended when it was tried again, in place of what was known before."""
        outcome = outcome_of(code=code, reason=reason, at=at)
        await self._js.publish(f"{OUTCOMES}.{letter_id}", outcome, headers={Header.ROLLUP.value: "sub"})

    async def remove(self, letter_id: int) -> None:
        """Remove a letter, and what was kept of it beside; nothing happens where another process was quicker."""
        if (outcome := await self._last_on(f"{OUTCOMES}.{letter_id}")) is not None:
            await self._delete(_sequence(outcome))
        await self._delete(letter_id)

    async def counts(self) -> DeadLetterCounts:
        """Return how many letters there are."""
        try:
            info = await self._js.stream_info(STREAM, subjects_filter=_ALL_LETTERS)
        except NotFoundError:  # nobody had to set anything aside yet
            return DeadLetterCounts(letters=0, aggregates=0)
        by_lane = info.state.subjects or {}
        return DeadLetterCounts(letters=sum(by_lane.values()), aggregates=len(by_lane))

    async def given_up(self) -> AsyncIterator[GivenUp]:
        """Yield what JetStream hands out no more and nobody has set aside yet."""
        place = 1
        while (found := await self._message(place, GIVEN_UP)) is not None:
            place = _sequence(found)
            try:
                said = orjson.loads(found.data or b"{}")
                names = {"stream": "stream", "sequence": "stream_seq", "deliveries": "deliveries"}
                given_up = GivenUp(id=place, **{name: said[theirs] for name, theirs in names.items()})
            except (ValueError, TypeError, KeyError):  # anybody may publish there
                _log.warning("what was said on %s is no word of JetStream's, and is forgotten", found.subject)
                await self._delete(place)
            else:
                yield given_up
            place += 1

    async def forget(self, given_up: GivenUp) -> None:
        """Remove JetStream's word: the message is among the letters."""
        await self._delete(given_up.id)

    async def _next(self, first: int, subject: str) -> DeadLetter | None:
        found = await self._message(first, subject)
        if found is None:
            return None
        try:
            letter = from_message(_sequence(found), found.headers, found.data)
        except ValueError:
            return _unreadable(found)
        outcome = await self._last_on(f"{OUTCOMES}.{found.seq}")
        if outcome is None:
            return letter
        try:
            since = {**orjson.loads(outcome.data or b"{}"), "status": LetterStatus.FAILED}
            return DeadLetter.model_validate({**letter.model_dump(), **since})
        except (ValueError, TypeError):  # not written by this service
            return letter

    async def _message(self, first: int, subject: str) -> RawStreamMsg | None:
        try:
            return await self._js.get_msg(STREAM, seq=max(1, first), subject=subject, next=True)
        except NotFoundError:
            return None

    async def _last_on(self, subject: str) -> RawStreamMsg | None:
        try:
            return await self._js.get_last_msg(STREAM, subject)
        except NotFoundError:
            return None

    async def _delete(self, sequence: int) -> None:
        try:
            await self._js.delete_msg(STREAM, sequence)
        except APIError as error:
            if error.err_code != _NOT_DELETED:  # another process was quicker
                raise


def _sequence(message: RawStreamMsg) -> int:
    assert message.seq is not None, "what a stream hands out has a place in it"
    return message.seq


def _unreadable(message: RawStreamMsg) -> DeadLetter:
    """Return what somebody else has put among the letters, so that it can be seen and discarded."""
    body = message.data or b""
    return DeadLetter(
        id=_sequence(message),
        status=LetterStatus.FAILED,
        code="dead-letter.unreadable",
        reason="This was not set aside by the service: discard it.",
        at=message.time or datetime.fromtimestamp(0, tz=UTC),
        aggregate=None,
        event_id=None,
        event_type=None,
        stream=STREAM,
        sequence=_sequence(message),
        subject=message.subject or "",
        headers={},
        deliveries=0,
        body=body,
        size_bytes=len(body),
    )
