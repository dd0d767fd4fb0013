"""Puts together what an operator sees of the relay: it needs the settings, and no service that runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from application.ledger import Ledger
from application.ports.relay import Choice, RelayReport
from infrastructure.messaging.positions import SqlFollowerPositions
from infrastructure.messaging.relay_control import ChoiceMeaningless, RelayControl
from interfaces.cli.verdicts import Misused
from interfaces.maintenance import stored_log, told_as_endings
from interfaces.settings import Settings
from interfaces.stores import event_environment, operation_database


class ServiceRelay:
    """The relay of a service, as far as its notes tell of it.

    Args:
        settings: Where they are.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def report(self) -> RelayReport:
        """Return how far the relay is, as it last took note."""
        with self._control() as control:
            return control.report()

    def choose(self, choice: Choice) -> None:
        """Let the relay go on so, as soon as it runs."""
        with self._control() as control:
            try:
                control.choose(choice)
            except ChoiceMeaningless as error:
                raise Misused(str(error)) from error

    @contextmanager
    def _control(self) -> Iterator[RelayControl]:
        with told_as_endings():
            with stored_log(self._settings).snapshot():
                pass  # there is a log: the ledger would not ask, but make one
            with (
                Ledger(event_environment(self._settings)) as ledger,
                operation_database(self._settings) as operation,
            ):
                yield RelayControl(log=ledger, positions=SqlFollowerPositions(operation))
