"""Sessions of PostgreSQL, and what each is told when it begins."""

from infrastructure import postgres_connection
from infrastructure.postgres_connection import BoundedConnection, conninfo

_SETTINGS = {
    # a process that stands still inside a transaction keeps rows from being cleared away that nobody needs
    "idle_in_transaction_session_timeout": "60s",
    # compiling a question and starting helpers for it take longer than all of its rows
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    # how rare a value is decides about the plan of a filter: one plan for all values is wrong for most
    "plan_cache_mode": "force_custom_plan",
    # what is read is in memory, where a row by index costs little more than the next row
    "random_page_cost": "1.1",
    # a search names few ids to begin with, or ends with its page: reading all rows to join them never pays
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    # what is looked up is another document each time: to remember it takes a third of the time
    "enable_memoize": "off",
}


def for_libpq(url: str) -> str:
    """Return the URL without the name of a driver, which SQLAlchemy's has."""
    scheme, colon, rest = url.partition(":")
    return f"{scheme.partition('+')[0]}{colon}{rest}"


def connect(url: str, *, lock_timeout_s: float, statement_timeout_s: float) -> BoundedConnection:
    """Return a connection whose statements wait for locks, and take, no longer than that.

    Args:
        url: For libpq; what it says of the connection itself is not overruled.
        lock_timeout_s: Zero for ever.
        statement_timeout_s: Zero for ever.
    """
    connection = postgres_connection.connect(conninfo(url))
    settings = {
        **_SETTINGS,
        "lock_timeout": _milliseconds(lock_timeout_s),
        "statement_timeout": _milliseconds(statement_timeout_s),
    }
    connection.execute(
        "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS setting (name, value)",
        (list(settings), list(settings.values())),
    )
    connection.autocommit = False
    return connection


def _milliseconds(seconds: float) -> str:
    return f"{max(1, round(1_000 * seconds)) if seconds else 0}ms"
