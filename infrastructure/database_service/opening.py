"""Opens the tables of the reference server: made where they are missing, emptied where they are another's."""

import logging
from uuid import uuid4

from sqlalchemy import Connection, MetaData, Table, func, insert, inspect, select
from sqlalchemy.schema import DropTable

from application.ports.metadata_store import MIRRORED
from infrastructure.database_service.tables import ARRIVED, MADE_BY, TABLES, own_fingerprint
from infrastructure.read_models.dialects import create_tables

_OPENING_LOCK = 0x6D6C_6461_7461

_log = logging.getLogger(__name__)


def opened(connection: Connection, schema: str | None) -> str:
    """Return the identity of the tables, made where they are missing or another program's."""
    own = own_fingerprint()
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_OPENING_LOCK)))
    if inspect(connection).has_table(MADE_BY.name, schema=schema):
        made_by = connection.execute(select(MADE_BY)).one()
        if made_by.fingerprint == own:
            return str(made_by.identity)
        _log.warning(
            "The Database Service's tables are another program's: they are made anew, to be filled again."
        )
        for name in inspect(connection).get_table_names(schema=schema):
            connection.execute(DropTable(Table(name, MetaData(), schema=schema)))
    create_tables(connection, TABLES, schema=schema)
    identity = str(uuid4())
    connection.execute(insert(MADE_BY), {"fingerprint": own, "identity": identity})
    none_yet = [{"collection": collection.value, "position": 0, "part": 0} for collection in MIRRORED]
    connection.execute(insert(ARRIVED), none_yet)
    return identity
