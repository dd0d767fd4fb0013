"""Lists of documents: filtered, sorted, page by page as of the position of the first page."""

from dataclasses import dataclass

from starlette.requests import Request

from application.ports.filters import And, Condition, FieldPath, Order
from application.ports.read_models import Collection, Query, ReadModels
from interfaces.http.moments import AS_OF, Moment, as_of, written
from interfaces.http.paging import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, Place, page_token, place_of
from interfaces.http.parameters import integer, text
from interfaces.http.reads import Found
from interfaces.requests.filters import parse_filter, parse_order_by, written_condition, written_orders
from interfaces.requests.problems import ReadModelBehind

PARAMETERS = ("filter", "order_by", "page_size", "page_token", AS_OF)
_OLDEST_FIRST = (Order(field=FieldPath(root="created_at")),)


@dataclass(frozen=True, kw_only=True)
class ListRequest:
    """What a request asks of a list.

    Attributes:
        where: The filter; None for all.
        order_by: The sort keys.
        page_size: At most so many items.
        token: Of the page; None for the first.
        as_of: The moment that is asked about; None for now.
    """

    where: Condition | None
    order_by: tuple[Order, ...]
    page_size: int
    token: str | None
    as_of: Moment | None

    @classmethod
    def of(cls, request: Request) -> "ListRequest":
        """Read the request's parameters.

        Raises:
            InvalidInput: One of them cannot be read.
        """
        where, order_by = text(request, "filter"), text(request, "order_by")
        return cls(
            where=None if where is None else parse_filter(where),
            order_by=_OLDEST_FIRST if order_by is None else parse_order_by(order_by),
            page_size=page_size(request),
            token=text(request, "page_token"),
            as_of=as_of(request),
        )


def page_size(request: Request) -> int:
    """Return how many items a page may have.

    Raises:
        InvalidInput: It is no number, or out of bounds.
    """
    return integer(request, "page_size", default=PAGE_SIZE_DEFAULT, minimum=1, maximum=PAGE_SIZE_MAX)


def page(
    asked: ListRequest,
    collection: Collection,
    *,
    read_models: ReadModels,
    within: Condition | None = None,
    at: int | None = None,
    version: int | None = None,
) -> Found:
    """Return a page of the list.

    Args:
        asked: What is asked of it.
        collection: Whose documents it holds.
        read_models: Where they are read.
        within: Which documents the list consists of, before any filter; None for all.
        at: The position that the first page is read at; None for the newest.
        version: Of the aggregate that the list belongs to.

    Raises:
        InvalidInput: The filter or order speaks of a field that there is not, or the token is another list's.
        ReadModelBehind: The first page was read where more had been reached than here.
    """
    conditions = tuple(each for each in (within, asked.where) if each is not None)
    where = And(conditions=conditions) if conditions else None
    of = "\n".join(
        [
            collection.value,
            "" if where is None else written_condition(where),
            written_orders(asked.order_by),
            written(asked.as_of),
        ]
    )
    reached = read_models.position()
    first = Place(position=reached if at is None else at, offset=0)
    place = first if asked.token is None else place_of(asked.token, of=of)
    if place.position > reached:
        raise ReadModelBehind(wanted=place.position, reached=reached)
    query = Query(
        collection=collection,
        where=where,
        order_by=asked.order_by,
        limit=asked.page_size + 1,
        offset=place.offset,
        at=place.position,
    )
    found = read_models.find(query)
    items, is_last = found[: asked.page_size], len(found) <= asked.page_size
    following = Place(position=place.position, offset=place.offset + len(items))
    token = None if is_last else page_token(following, of=of)
    return Found(document={"items": items, "next_page_token": token}, position=place.position, version=version)
