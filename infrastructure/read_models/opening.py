"""The read models at the start of a program: made anew where there are none that it can go on with."""

from application.ports.event_log import EventLog
from domain.kernel import UnknownEvent
from infrastructure.read_models.building import OnProgress, Source, build
from infrastructure.read_models.current import CurrentReadModels
from infrastructure.read_models.fingerprint import fingerprint
from infrastructure.read_models.generations import Generations


def open_current(*, generations: Generations, source: Source, on_progress: OnProgress) -> CurrentReadModels:
    """Return the current read models; without any that fit this program they are built first.

    Of several processes that start together one builds, the others wait for it. A projection that fails on
    an event does not keep the program from starting: the read models end before that event.

    Args:
        generations: All there are; closed with the read models.
        source: What they follow from.
        on_progress: Told how far the building is.
    """
    if not is_fit(generations, source.log):
        with generations.building():
            if not is_fit(generations, source.log):  # nobody has built them while we waited
                built = build(generations, source, on_progress)
                generations.make_current(built.number, within=None)
                generations.clear_away()
    return CurrentReadModels(generations=generations)


def is_fit(generations: Generations, log: EventLog) -> bool:
    """Tell whether the current generation is one of this program, which can read no more events than it could."""
    number = generations.current()
    if number is None or generations.fingerprint(number) != fingerprint():
        return False
    models = generations.open(number)
    try:
        return not any(_is_readable(log, event.position) for event in models.parked())
    finally:
        models.close()


def _is_readable(log: EventLog, position: int) -> bool:
    return not any(isinstance(each.event, UnknownEvent) for each in log.read(after=position - 1, limit=1))
