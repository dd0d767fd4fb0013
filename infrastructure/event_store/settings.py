"""The environment that makes an `eventsourcing` application store its events here."""

from pathlib import Path

from infrastructure.event_store.sqlite_datastore import Synchronous
from infrastructure.postgres_connection import conninfo

CONNECTIONS = 8
"""So many to PostgreSQL, for the threads of a process that answers requests."""

_OFF = ""


def sqlite_environment(
    path: Path,
    *,
    synchronous: Synchronous = "FULL",
    lock_timeout_s: int = 5,
    aggregate_cache_maxsize: int = 1000,
) -> dict[str, str]:
    """Return the settings of an application whose events are in the SQLite file at this path.

    Args:
        path: Of the file; its directory exists.
        synchronous: How a commit reaches the disk.
        lock_timeout_s: How long a writer waits for others.
        aggregate_cache_maxsize: How many aggregates to keep in memory; they are fast-forwarded from the
            store on each reading, and never copied, being immutable.
    """
    return _on_every_database(aggregate_cache_maxsize) | {
        "PERSISTENCE_MODULE": "infrastructure.event_store.sqlite:SQLiteEventStoreFactory",
        "SQLITE_DBNAME": path.absolute().as_uri(),
        "SQLITE_LOCK_TIMEOUT": str(lock_timeout_s),
        "SQLITE_SYNCHRONOUS": synchronous,
    }


def postgres_environment(
    url: str,
    *,
    pool_size: int = CONNECTIONS,
    lock_timeout_s: int = 5,
    aggregate_cache_maxsize: int = 1000,
) -> dict[str, str]:
    """Return the settings of an application whose events are in this PostgreSQL database.

    One application takes up to `pool_size` connections, made when they are needed and then kept, and one
    more as soon as it follows the log. Two of them append: while one commits, the next waits for the lock
    already, and a third could only wait behind it. The others read, each for a moment, so that eight serve
    some tens of threads; whoever finds none free waits for one. A server allows 100 unless told otherwise.

    Before it is used, a connection that was idle for a second is asked whether it still lives. Reads and
    appends are tried again for five seconds while the server is lost.

    Args:
        url: In libpq's form, with all its options: `postgresql://user:password@host/database?sslmode=require`.
        pool_size: At least 3.
        lock_timeout_s: How long a writer waits for others, in this process and in others.
        aggregate_cache_maxsize: How many aggregates to keep in memory.

    Raises:
        DatabaseURLInvalid: The URL is none of PostgreSQL's; the error does not repeat it.
    """
    return _on_every_database(aggregate_cache_maxsize) | {
        "PERSISTENCE_MODULE": "infrastructure.event_store.postgres:PostgresEventStoreFactory",
        "POSTGRES_CONNINFO": conninfo(url),
        "POSTGRES_LOCK_TIMEOUT": str(lock_timeout_s),
        "POSTGRES_POOL_SIZE": str(pool_size),
    }


def _on_every_database(aggregate_cache_maxsize: int) -> dict[str, str]:
    """Return the settings that do not depend on the database.

    Every setting that the library would otherwise look up in the process's environment is given, so
    that a stray variable there does not compress, encrypt or divert the events. The library still lets
    `<APPLICATION NAME>_<SETTING>` override; an application that must not be overridden constructs its
    environment from these settings alone.
    """
    return {
        "MAPPER_TOPIC": "infrastructure.event_store.mapper:EventMapper",
        "TRANSCODER_TOPIC": "eventsourcing.persistence:JSONTranscoder",
        "COMPRESSOR_TOPIC": _OFF,
        "CIPHER_TOPIC": _OFF,
        "CIPHER_KEY": _OFF,
        "IS_SNAPSHOTTING_ENABLED": "n",
        "CREATE_TABLE": "y",
        "ORIGINATOR_ID_TYPE": "uuid",
        "AGGREGATE_CACHE_MAXSIZE": str(aggregate_cache_maxsize),
        "AGGREGATE_CACHE_FASTFORWARD": "y",
        "AGGREGATE_CACHE_FASTFORWARD_SKIPPING": "n",
        "DEEPCOPY_FROM_AGGREGATE_CACHE": "n",
    }
