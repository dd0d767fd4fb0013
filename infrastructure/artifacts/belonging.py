"""Which artifacts belong to a database: all processes on it must see the same."""

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, insert, select
from sqlalchemy.exc import IntegrityError

from infrastructure.operation import SCHEMA, create_missing

_FILE = "store.id"
_metadata = MetaData(schema=SCHEMA)
_store = Table(
    "artifact_store",
    _metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("id", String(32), nullable=False),
)


class ArtifactsElsewhere(Exception):
    """The database's artifacts are not in this directory; the message says what to do."""


def require_belonging(engine: Engine, root: Path) -> None:
    """Demand that the artifacts of the database are in this directory; the first to ask settles it.

    A process with another directory would find no bytes, and end trainings and predictions for their want.

    Args:
        engine: As `operation_engine` makes it.
        root: Where the artifacts are; made where it is missing.

    Raises:
        ArtifactsElsewhere: They are in another one.
        OSError: The directory cannot be read or written.
    """
    own = _id_of(root)
    create_missing(engine, _metadata)
    try:
        with engine.begin() as connection:
            connection.execute(insert(_store), {"one": 1, "id": own})
    except IntegrityError:  # settled before
        with engine.connect() as connection:
            settled = connection.scalar(select(_store.c.id))
        if settled != own:
            message = (
                f"the models and datasets of this database are not in {root}: name the directory that other "
                "services use on it as --artifacts, shared or mounted"
            )
            raise ArtifactsElsewhere(message) from None


def _id_of(root: Path) -> str:
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = root / _FILE
    if not path.exists():
        id_ = uuid4().hex
        written = root / f"{_FILE}.{id_}"
        written.write_text(id_, encoding="ascii")
        with suppress(FileExistsError):  # another process was first
            os.link(written, path)
        written.unlink()
    return path.read_text(encoding="ascii")
