"""The environment that makes an `eventsourcing` application store its events here."""

from pathlib import Path

from infrastructure.event_store.sqlite_datastore import Synchronous

_OFF = ""


def sqlite_environment(
    path: Path,
    *,
    synchronous: Synchronous = "FULL",
    lock_timeout_s: int = 5,
    aggregate_cache_maxsize: int = 1000,
) -> dict[str, str]:
    """Return the settings of an application whose events are in the SQLite file at this path.

    Every setting that the library would otherwise look up in the process's environment is given, so
    that a stray variable there does not compress, encrypt or divert the events. The library still lets
    `<APPLICATION NAME>_<SETTING>` override; an application that must not be overridden constructs its
    environment from these settings alone.

    Args:
        path: Of the file; its directory exists.
        synchronous: How a commit reaches the disk.
        lock_timeout_s: How long a writer waits for others.
        aggregate_cache_maxsize: How many aggregates to keep in memory; they are fast-forwarded from the
            store on each reading, and never copied, being immutable.
    """
    return {
        "PERSISTENCE_MODULE": "infrastructure.event_store.sqlite:SQLiteEventStoreFactory",
        "MAPPER_TOPIC": "infrastructure.event_store.mapper:EventMapper",
        "TRANSCODER_TOPIC": "eventsourcing.persistence:JSONTranscoder",
        "COMPRESSOR_TOPIC": _OFF,
        "CIPHER_TOPIC": _OFF,
        "CIPHER_KEY": _OFF,
        "IS_SNAPSHOTTING_ENABLED": "n",
        "CREATE_TABLE": "y",
        "ORIGINATOR_ID_TYPE": "uuid",
        "SQLITE_DBNAME": path.absolute().as_uri(),
        "SQLITE_LOCK_TIMEOUT": str(lock_timeout_s),
        "SQLITE_SYNCHRONOUS": synchronous,
        "AGGREGATE_CACHE_MAXSIZE": str(aggregate_cache_maxsize),
        "AGGREGATE_CACHE_FASTFORWARD": "y",
        "AGGREGATE_CACHE_FASTFORWARD_SKIPPING": "n",
        "DEEPCOPY_FROM_AGGREGATE_CACHE": "n",
    }
