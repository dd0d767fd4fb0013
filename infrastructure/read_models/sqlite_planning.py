"""What SQLite's planner is told of the tables: figures of a well-filled registry, for ever the same.

Without figures SQLite takes every range to be rare and every list of equalities to find several rows, and
reads a whole metric to answer for one version. Measured figures would change plans with the data; fixed
ones make a question cost today what it cost yesterday.

Source: "Manual Control Of Query Plans Using SQLITE_STAT Tables", SQLite documentation.
"""

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Connection, MetaData, inspect, text

_ATTRIBUTES_ROWS = 1_000_000
_DOCUMENTS_ROWS = 100_000
_DISTINCT: Mapping[str, int] = {
    "collection": 3,
    "root": 2,
    "key": 10,
    "id": 50_000,
    "number": 10_000,
    "text": 1_000,
    "boolean": 2,
    "ordinal": 2,
    "name": 5_000,
    "model_id": 1_000,
    "status": 4,
    "series_id": 5_000,
    "created_at": 50_000,
    "to_position": 3,
    "from_position": 50_000,
    "is_least": 1,
    "is_greatest": 1,
}
_DISTINCT_LIFETIMES = 6


def tell_planner(connection: Connection, tables: MetaData) -> None:
    """Store the figures; connections made from now on plan by them."""
    if not inspect(connection).has_table("sqlite_stat1"):
        connection.exec_driver_sql("ANALYZE")
    connection.exec_driver_sql("DELETE FROM sqlite_stat1")
    connection.execute(
        text("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (:tbl, :idx, :stat)"), list(_figures(tables))
    )


def _figures(tables: MetaData) -> Iterator[dict[str, str]]:
    for table in tables.sorted_tables:
        rows = _ATTRIBUTES_ROWS if "ordinal" in table.c else _DOCUMENTS_ROWS
        if "to_position" not in table.c:
            continue
        # SQLite names the index of a primary key so; where the table is that index, by the table.
        without_rowid = table.dialect_options["sqlite"]["with_rowid"] is False
        key_name = table.name if without_rowid else f"sqlite_autoindex_{table.name}_1"
        key = [column.name for column in table.primary_key.columns]
        yield {"tbl": table.name, "idx": key_name, "stat": _stat(rows, key)}
        for index in table.indexes:
            columns = [getattr(each, "key", None) for each in index.expressions]
            yield {"tbl": table.name, "idx": str(index.name), "stat": _stat(rows, columns)}


def _stat(rows: int, columns: Iterable[str | None]) -> str:
    """Return the number of rows, then how many of them share the first column, the first two, and so on.

    What is no column is a lifetime.
    """
    figures, sharing = [rows], float(rows)
    for column in columns:
        sharing = max(1.0, sharing / (_DISTINCT_LIFETIMES if column is None else _DISTINCT[column]))
        figures.append(round(sharing))
    return " ".join(map(str, figures))
