"""Making the read models anew beside the live ones, and putting them in their place when both agree."""

from contextlib import closing
from typing import NamedTuple

from sqlalchemy import Connection

from infrastructure.read_models.building import OnProgress, Progress, Source, Stage, build, catch_up
from infrastructure.read_models.comparison import Difference, Stretch, differences
from infrastructure.read_models.generations import Generations
from infrastructure.read_models.opening import is_fit
from infrastructure.read_models.positions_table import SELECT_POSITION
from infrastructure.read_models.sql import SqlReadModels

DIFFERENCES_MAX = 10_000
_ROUNDS_MAX = 10
_CLOSE_BY = 200
_TOLD_EVERY = 1_000


class Rebuilt(NamedTuple):
    """How a rebuild ended.

    Attributes:
        position: Of the new read models.
        is_current: Whether they are what readers see now.
        is_compared: Whether there were live ones to compare with: there are none before the first start, and
            those of another version of the program, or with events that it could not read, say other things.
        differences: In the order in which they were found, at most `DIFFERENCES_MAX`.
    """

    position: int
    is_current: bool
    is_compared: bool
    differences: list[Difference]


class _Disagree(Exception):
    """The live read models go on as they are."""


def rebuild(
    *, generations: Generations, source: Source, on_progress: OnProgress, accept_differences: bool = False
) -> Rebuilt:
    """Make the read models anew and let readers see them, unless they differ from the live ones.

    Services may run meanwhile, in this process or others, or none may. Readers wait for nothing; who applies
    events waits while the last pages are compared. A rebuild that is ended half-way leaves what readers see
    as it is; what it has made is removed by the next one.

    Args:
        generations: All there are.
        source: What they follow from.
        on_progress: Told how far it is.
        accept_differences: Let the new read models be seen, whatever the live ones say.

    Raises:
        ProjectionFailed: A projection does not get past an event; the live read models stay.
    """
    with generations.building():
        current = generations.current()
        is_comparable = is_fit(generations, source.log)
        built = build(generations, source, on_progress)
        if built.failure is not None:
            raise built.failure
        with closing(generations.open(built.number)) as new:
            if current is None or not is_comparable:
                generations.make_current(built.number, within=None)
                found, is_current = [], True
            else:
                with closing(generations.open(current)) as live:
                    switch = _Switch(live=live, new=new, source=source, on_progress=on_progress)
                    is_current = switch.run(generations, built.number, accept_differences=accept_differences)
                    found = switch.found
            position = new.position()
        generations.clear_away()
        return Rebuilt(position, is_current, is_comparable, found)


class _Switch:
    """Follows the live read models until both are at one position and agree."""

    def __init__(
        self, *, live: SqlReadModels, new: SqlReadModels, source: Source, on_progress: OnProgress
    ) -> None:
        self.found: list[Difference] = []
        self._live = live
        self._new = new
        self._source = source
        self._on_progress = on_progress
        self._compared = 0
        self._rows = 0

    def run(self, generations: Generations, number: int, *, accept_differences: bool) -> bool:
        """Compare, then switch; return whether the new ones are current."""
        for _ in range(_ROUNDS_MAX):
            self._follow(self._live.position())
            with self._live.reading() as live:
                self._compare(live, upto=min(self._live.position(), self._new.position()))
            if self.found and not accept_differences:
                return False
            if self._live.position() - self._compared <= _CLOSE_BY:
                break
        try:
            with self._live.stopping() as live:
                position = live.execute(SELECT_POSITION).scalar_one()
                self._follow(position)
                self._compare(live, upto=position)
                if self.found and not accept_differences:
                    raise _Disagree
                generations.make_current(number, within=live)
        except _Disagree:
            return False
        return True

    def _follow(self, position: int) -> None:
        reached = catch_up(self._new, self._source, upto=position)
        if reached < position and not self.found:
            reason = f"the live read models are at position {position}, where the log has ended"
            self.found.append(Difference(reached, reason))

    def _compare(self, live: Connection, *, upto: int) -> None:
        stretch = Stretch(self._compared, upto)
        with self._new.reading() as built:
            for difference in differences(live, built, stretch):
                self._rows += 1
                if self._rows % _TOLD_EVERY == 0:
                    self._on_progress(Progress(Stage.COMPARING, self._rows, 0))
                if difference is not None and len(self.found) < DIFFERENCES_MAX:
                    self.found.append(difference)
        self._compared = upto
