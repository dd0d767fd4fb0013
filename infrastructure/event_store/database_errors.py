"""The errors of any database driver in the words of the event-sourcing library.

Source: PEP 249, by which drivers name their errors.
"""

from collections.abc import Mapping
from types import MappingProxyType

from eventsourcing.persistence import (
    DatabaseError,
    DataError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    PersistenceError,
    ProgrammingError,
)

_MEANINGS: Mapping[str, type[PersistenceError]] = MappingProxyType(
    {
        "OperationalError": OperationalError,
        "IntegrityError": InternalError,  # but for the one constraint that a version conflict is known by
        "DataError": DataError,
        "InternalError": InternalError,
        "NotSupportedError": NotSupportedError,
        "ProgrammingError": ProgrammingError,
        "InterfaceError": InterfaceError,
        "DatabaseError": DatabaseError,
        "Error": PersistenceError,
    }
)


def meaning_of(error: Exception) -> type[PersistenceError]:
    """Return the library's error for a driver's, by the name of its class or the nearest above it."""
    return next(_MEANINGS[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in _MEANINGS)
