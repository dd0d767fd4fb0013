"""Something that is done again and again, whatever becomes of one time."""

import logging
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Periodic:
    """A thread that calls a function at intervals; an error is logged, and the next time comes all the same.

    Of errors in a row the first is told with all there is to it, and the end of the row.
    """

    def __init__(self, *, name: str, interval_s: float, function: Callable[[], None]) -> None:
        self._interval_s = interval_s
        self._function = function
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin, with the first call at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the call at hand."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        failures = 0
        while True:
            try:
                self._function()
            except Exception as error:
                level = logging.DEBUG if failures else logging.ERROR
                _log.log(level, "%s: %s", self._thread.name, error, exc_info=error)
                failures += 1
            else:
                if failures:
                    _log.warning("%s works again (failures: %d)", self._thread.name, failures)
                failures = 0
            if self._stopping.wait(self._interval_s):
                return
