"""Which of SQLite's errors say that the file itself is damaged."""

import sqlite3

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Return whether the error is about what the file holds, and not about reaching it."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGED
