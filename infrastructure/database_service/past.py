"""Whether what the Database Service has follows from this log, and not from another past.

A log that was restored from a backup goes on with other events at positions that were used before. Rows of the
past that is gone stand in the way of those that follow now, also where the log has got past them since.
"""

from pydantic import ValidationError

from application.log_identity import ChainedLog, Reach, has, reach_of
from application.ports.follower_positions import FollowerPositions
from domain.kernel import Immutable

_NAME = "mirror-past"
_VERIFY = "`ml-service mirror verify` finds and mends the rows that differ"


class Belief(Immutable):
    """Whether the Database Service is believed to have documents of this past only.

    Attributes:
        doubt: Why not, and what to do; None where nothing speaks against it.
        settled: How often a doubt was settled.
    """

    doubt: str | None = None
    settled: int = 0


class Past:
    """The past of a log, as far as the mirror relies on it. A doubt stays noted until both sides were found equal.

    Args:
        log: Whose.
        positions: Where doubts are noted.
    """

    def __init__(self, *, log: ChainedLog, positions: FollowerPositions) -> None:
        self._log = log
        self._positions = positions

    def belief(self) -> Belief:
        """Return what is believed now."""
        try:
            return Belief.model_validate_json(self._positions.notes(_NAME) or "{}")
        except ValidationError:
            return Belief()

    def reach(self, position: int) -> Reach:
        """Return what tells this past at a position from others."""
        return reach_of(self._log, position)

    def is_mine(self, reach: Reach) -> bool:
        """Return whether it is this past that was sent."""
        return has(self._log, reach)

    def doubt(self, reason: str, *, since: Belief) -> Belief:
        """Note a doubt, unless there is one, or one was settled meanwhile; return what is believed then.

        Args:
            reason: For it.
            since: What was believed before that was looked at which speaks for the doubt.
        """
        belief = self.belief()
        if belief != since or belief.doubt is not None:
            return belief
        doubted = belief.model_copy(update={"doubt": f"{reason}: {_VERIFY}"})
        self._positions.note(_NAME, doubted.model_dump_json())
        return doubted

    def settle(self) -> None:
        """Note that the Database Service has what follows from this past, and nothing else."""
        self._positions.note(_NAME, Belief(settled=self.belief().settled + 1).model_dump_json())
