"""Libraries that are installed and not wanted: others import them where they can, and take a second for it."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from types import ModuleType


@contextmanager
def unseen(*libraries: str) -> Iterator[None]:
    """Let imports within find none of the libraries, but those that are imported already."""
    finder = _Refusing(libraries)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Refusing(MetaPathFinder):
    """Says of some modules that they are not installed.

    A None in `sys.modules` would do for Python's own imports: those of compiled modules take it for the module.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Refuse the modules by name, and leave all others to who comes after."""
        if fullname in self._names:
            msg = f"No module named {fullname!r}"
            raise ModuleNotFoundError(msg, name=fullname)
