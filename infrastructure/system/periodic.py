"""Something that is done again and again, whatever becomes of one time."""

import logging
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Periodic:
    """A thread that calls a function at intervals; an error is logged, and the next time comes all the same."""

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
        while True:
            try:
                self._function()
            except Exception:
                _log.exception("%s", self._thread.name)
            if self._stopping.wait(self._interval_s):
                return
