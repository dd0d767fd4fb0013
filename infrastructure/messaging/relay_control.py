"""What an operator can ask of the relay, and choose for it, through what it shares with whoever looks."""

from application.ports.event_log import EventLog
from application.ports.follower_positions import FollowerPositions
from application.ports.relay import Choice, RelayReport
from infrastructure.messaging.relay_notes import Chosen, RelayMemory


class ChoiceMeaningless(Exception):
    """The relay does not wait for such a choice; the message says what it does instead."""


class RelayControl:
    """The relay's notes, read and answered, in whatever process it runs or will run.

    Args:
        log: What is published.
        positions: Where the relay takes note.
    """

    def __init__(self, *, log: EventLog, positions: FollowerPositions) -> None:
        self._event_log = log
        self._memory = RelayMemory(positions)

    def report(self) -> RelayReport:
        """Return how far the relay was when it last took note, a second ago if it runs."""
        notes = self._memory.recall()
        return RelayReport(
            position=self._memory.position(), head=self._event_log.head(), halt=notes.halt, error=notes.error
        )

    def choose(self, choice: Choice) -> None:
        """Let the relay go on so, as soon as it runs.

        Raises:
            ChoiceMeaningless: It does not wait, or not for this.
        """
        halt = self._memory.recall().halt
        if halt is None:
            msg = "the relay does not wait for a choice"
            raise ChoiceMeaningless(msg)
        if choice not in halt.choices:
            possible = " or ".join(f"--{each.value}" for each in halt.choices)
            msg = f"here the relay can go on with {possible}: {halt.message}"
            raise ChoiceMeaningless(msg)
        positions = {
            Choice.FROM_LAST: halt.last,
            Choice.FROM_BEGINNING: 0,
            Choice.FROM_NOW: self._event_log.head(),
            Choice.SKIP: halt.position,
        }
        self._memory.choose(Chosen(halt=halt, position=positions[choice]))
