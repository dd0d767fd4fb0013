"""Documents, and questions about them, in few words."""

from typing import Any
from uuid import UUID

from application.ports.filters import Comparison, Condition, FieldPath, Literal, Operator, Order
from application.ports.read_models import Collection, Query, ReadModels

MODELS, VERSIONS = Collection.MODELS, Collection.VERSIONS
A, B, C, D = (UUID(int=number) for number in range(1, 5))


def field(path: str) -> FieldPath:
    root, _, key = path.partition(".")
    return FieldPath(root=root, key=key or None)


def is_(path: str, operator: str, literal: Literal) -> Comparison:
    return Comparison(field=field(path), operator=Operator(operator), literal=literal)


def put(models: ReadModels, *documents: dict[str, Any], position: int | None = None) -> int:
    """Put each document at a position of its own, or all of them at one, in a page."""
    after = models.position()
    upto = position or after + len(documents)
    with models.page(after=after, upto=upto) as rows:
        for number, document in enumerate(documents, start=after + 1):
            collection = VERSIONS if "model_id" in document else MODELS
            rows.put(collection, UUID(document["id"]), document, position=position or number)
    return upto


def found(
    models: ReadModels,
    where: Condition | None = None,
    *order_by: Order,
    collection: Collection = MODELS,
    **query: Any,
) -> list[UUID]:
    at = query.pop("at", models.position())
    query = Query(collection=collection, where=where, order_by=order_by, at=at, **query)
    return [UUID(document["id"]) for document in models.find(query)]


def by(path: str, *, descending: bool = False) -> Order:
    return Order(field=field(path), descending=descending)
