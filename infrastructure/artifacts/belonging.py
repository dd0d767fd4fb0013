"""Which artifacts belong to a database: all processes on it must see the same."""

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, insert, select
from sqlalchemy.exc import IntegrityError

from infrastructure.artifacts.place import PlacedArtifacts
from infrastructure.operation import SCHEMA, create_missing

_metadata = MetaData(schema=SCHEMA)
_store = Table(
    "artifact_store",
    _metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("id", String(32), nullable=False),
)


class ArtifactsElsewhere(Exception):
    """The database's artifacts are not in this store; the message says what to do."""


def require_belonging(engine: Engine, artifacts: PlacedArtifacts) -> None:
    """Demand that the artifacts of the database are in this store; the first to ask settles it.

    A process with another one would find no bytes, and end trainings and predictions for their want.

    Args:
        engine: As `operation_engine` makes it.
        artifacts: The store.

    Raises:
        ArtifactsElsewhere: They are in another one.
        ArtifactStoreUnreachable: It cannot be asked.
        OSError: Its directory cannot be read or written.
    """
    own = artifacts.identity()
    create_missing(engine, _metadata)
    try:
        with engine.begin() as connection:
            connection.execute(insert(_store), {"one": 1, "id": own})
    except IntegrityError:  # settled before
        with engine.connect() as connection:
            settled = connection.scalar(select(_store.c.id))
        if settled != own:
            message = (
                f"the models and datasets of this database are not in {artifacts.place}: name what other services "
                "use on it as --artifacts: a URL, or a directory that is shared or mounted"
            )
            raise ArtifactsElsewhere(message) from None
