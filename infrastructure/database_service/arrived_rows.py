"""What has arrived of each collection, as the tables keep it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, insert, select, update

from application.ports.read_models import Collection
from infrastructure.database_service.arrivals import Arrival, Arrived, Mark
from infrastructure.database_service.tables import AHEAD, ARRIVED


def reached(connection: Connection, collection: Collection) -> int:
    """Return the position up to which nothing is missing."""
    its = select(ARRIVED.c.position).where(ARRIVED.c.collection == collection.value)
    position: int = connection.execute(its).scalar_one()
    return position


def arrived_of(connection: Connection, collections: Iterable[Collection]) -> dict[Collection, Arrived]:
    """Return what has arrived of each, for a writer: the next one waits for the end of its transaction."""
    names = sorted(collection.value for collection in collections)
    of_these = select(ARRIVED).where(ARRIVED.c.collection.in_(names)).order_by(ARRIVED.c.collection)
    ahead: dict[Collection, list[Arrival]] = defaultdict(list)
    upto = connection.execute(of_these.with_for_update()).all()
    for row in connection.execute(select(AHEAD).where(AHEAD.c.collection.in_(names))):
        arrival = Arrival(Mark(row.after_position, row.after_part), Mark(row.position, row.part))
        ahead[Collection(row.collection)].append(arrival)
    return {
        collection: Arrived(Mark(row.position, row.part), tuple(sorted(ahead[collection])))
        for row in upto
        for collection in (Collection(row.collection),)
    }


def note(connection: Connection, arrivals: Mapping[Collection, Arrived]) -> None:
    """Keep what has arrived, in place of what was kept."""
    for collection, what in arrivals.items():
        its = ARRIVED.c.collection == collection.value
        connection.execute(update(ARRIVED).where(its).values(position=what.upto.position, part=what.upto.part))
        connection.execute(delete(AHEAD).where(AHEAD.c.collection == collection.value))
        if what.ahead:
            connection.execute(
                insert(AHEAD),
                [
                    {
                        "collection": collection.value,
                        "after_position": each.after.position,
                        "after_part": each.after.part,
                        "position": each.upto.position,
                        "part": each.upto.part,
                    }
                    for each in what.ahead
                ],
            )
