"""Documents that a writer remembers from one page to the next."""

from collections import OrderedDict

from application.ports.read_models import Collection
from infrastructure.read_models.contents import Content

DOCUMENTS_MAX = 4_096
CHARS_MAX = 32 * 1024 * 1024

Place = tuple[Collection, str]
"""A collection and an id."""


class OpenDocuments:
    """Documents as the tables have them open at one position: those used last, within bounds.

    Attributes:
        position: Where they hold. At any other position, as after another process's page, they may not.
        latest: The latest instant of an event up to there, as `timeline.microseconds`; None when not known.
    """

    def __init__(self, *, position: int) -> None:
        self.position = position
        self.latest: int | None = None
        self._contents: OrderedDict[Place, Content] = OrderedDict()
        self._chars = 0

    def get(self, place: Place) -> Content | None:
        """Return the document; None when it is not remembered."""
        content = self._contents.get(place)
        if content is not None:
            self._contents.move_to_end(place)
        return content

    def put(self, place: Place, content: Content) -> None:
        """Remember the document; those used least recently are forgotten for it."""
        before = self._contents.pop(place, None)
        self._contents[place] = content
        self._chars += len(content.text) - (len(before.text) if before is not None else 0)
        while len(self._contents) > DOCUMENTS_MAX or self._chars > CHARS_MAX:
            _, forgotten = self._contents.popitem(last=False)
            self._chars -= len(forgotten.text)
