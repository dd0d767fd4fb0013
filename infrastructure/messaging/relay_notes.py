"""What the relay remembers beside the stream, and what an operator has told it."""

from typing import TypeVar

from pydantic import ValidationError

from application.ports.follower_positions import FollowerPositions
from application.ports.relay import Halt
from domain.kernel import Immutable

FOLLOWER = "relay"
_CHOICE = "relay.choice"

Note = TypeVar("Note", bound=Immutable)


class Beginning(Immutable):
    """Where an operator let the relay begin: behind this message of the stream, after this position of the log."""

    sequence: int
    position: int


class RelayNotes(Immutable):
    """What the relay knew when it last took note.

    Attributes:
        position: Of the last event that it was done with.
        sequence: Of the stream's last message then.
        beginning: Chosen by an operator; None where the stream itself says where to go on.
        skipped_upto: Events up to here that cannot be published are left out, as an operator chose.
        halt: Why it waits for an operator; None while it does not.
        error: Why it failed last; None once it has worked since.
    """

    position: int = 0
    sequence: int = 0
    beginning: Beginning | None = None
    skipped_upto: int = 0
    halt: Halt | None = None
    error: str | None = None


class Chosen(Immutable):
    """What an operator chose.

    Attributes:
        halt: What this answers; it means nothing for another one.
        position: The event to leave out, or the one to begin after.
    """

    halt: Halt
    position: int


class RelayMemory:
    """The relay's notes and the operator's choice, shared by all processes of a service.

    Args:
        positions: Where they are kept.
    """

    def __init__(self, positions: FollowerPositions) -> None:
        self._positions = positions

    def recall(self) -> RelayNotes:
        """Return the notes; those of a relay that has just begun where there are none."""
        return self._read(FOLLOWER, RelayNotes) or RelayNotes()

    def position(self) -> int | None:
        """Return the position in the notes; None where no relay has ever run."""
        return self._positions.get(FOLLOWER)

    def note(self, notes: RelayNotes) -> None:
        """Keep these notes instead."""
        self._positions.note(FOLLOWER, notes.model_dump_json())
        self._positions.set(FOLLOWER, notes.position)

    def note_error(self, error: str) -> None:
        """Keep why the relay cannot publish, and all else as it was: also that it has never run."""
        notes = self.recall()
        if notes.error != error:
            noted = notes.model_copy(update={"error": error})
            self._positions.note(FOLLOWER, noted.model_dump_json())

    def choose(self, chosen: Chosen) -> None:
        """Tell the relay what to do, now or when it runs next."""
        self._positions.note(_CHOICE, chosen.model_dump_json())

    def chosen(self, halt: Halt) -> Chosen | None:
        """Return what an operator chose for this halt; None where nothing was chosen, or for another one."""
        chosen = self._read(_CHOICE, Chosen)
        return chosen if chosen is not None and halt.is_same_as(chosen.halt) else None

    def forget_choice(self) -> None:
        """Take the choice as carried out."""
        self._positions.note(_CHOICE, None)

    def _read(self, name: str, kind: type[Note]) -> Note | None:
        written = self._positions.notes(name)
        if written is None:
            return None
        try:
            return kind.model_validate_json(written)
        except ValidationError:  # of another version of this program
            return None
