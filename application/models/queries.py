"""Questions about models and versions, answered from the read models."""

from datetime import datetime
from uuid import UUID

from application.lookup import absence, find_by_reference
from application.ports.filters import And, Comparison, Condition, FieldPath, IsNull, Not, Operator, Or, Order
from application.ports.read_models import Collection, Document, Query, ReadModels
from application.views import instant_in_words
from domain.models.errors import ModelNotFound, RetiredModel, VersionNotFound
from domain.models.values import PRODUCTION_ALIAS
from domain.naming import has_uuid_shape, normal_form

SERVING: Condition = IsNull(field=FieldPath(root="retired_at"))
"""Holds for models that are not retired."""


def get_model(reference: str, *, read_models: ReadModels, at: int | None = None) -> Document:
    """Return the model that an id or name means.

    Raises:
        ModelNotFound: There was none at the position.
        RetiredModel: It is retired now.
    """
    found = find_by_reference(reference, Collection.MODELS, read_models=read_models, at=at)
    if found is None:
        message = f"{absence(f'model {reference!r}', at=at)}{_retired_before(reference, read_models, at=at)}"
        raise ModelNotFound(message, model=reference)
    if found["retired_at"] is not None and at is None:
        raise RetiredModel(f"Model {found['name']!r} is retired; its history stays readable.", id=found["id"])
    return found


def versions_of(model: Document) -> Condition:
    """Return the condition that holds for the versions of a model."""
    return _equals("model_id", model["id"])


def get_version(model: Document, reference: str, *, read_models: ReadModels, at: int | None = None) -> Document:
    """Return the version of the model that a number, id, alias or `production` means.

    Raises:
        VersionNotFound: There was none at the position.
    """
    name = normal_form(reference)
    number = model["aliases"].get(name, name)
    if name == PRODUCTION_ALIAS:
        number = model["production_version"]
    version_id = str(UUID(name)) if has_uuid_shape(name) else name
    condition = Or(conditions=(_equals("version", str(number)), _equals("id", version_id)))
    query = Query(
        collection=Collection.VERSIONS,
        where=And(conditions=(versions_of(model), condition)),
        limit=1,
        at=read_models.position() if at is None else at,
    )
    for found in read_models.find(query) if number is not None else ():
        return found
    raise VersionNotFound(_absence(model, reference, at=at), version=reference)


def _absence(model: Document, reference: str, *, at: int | None) -> str:
    if normal_form(reference) == PRODUCTION_ALIAS:
        when = "is in production" if at is None else f"was in production at position {at}"
        return f"No version of model {model['name']!r} {when}."
    if at is None:
        return f"Model {model['name']!r} has no version {reference!r}."
    return f"Model {model['name']!r} had no version {reference!r} at position {at}."


def _retired_before(name: str, read_models: ReadModels, *, at: int | None) -> str:
    """Return a sentence about the model that had the name until it was retired; nothing when none had."""
    if has_uuid_shape(name):
        return ""
    query = Query(
        collection=Collection.MODELS,
        where=And(conditions=(_equals("name", normal_form(name)), Not(condition=SERVING))),
        order_by=(Order(field=FieldPath(root="retired_at"), descending=True),),
        limit=1,
        at=read_models.position() if at is None else at,
    )
    for found in read_models.find(query):
        when = instant_in_words(datetime.fromisoformat(found["retired_at"]))
        return (
            f" The last of this name was retired on {when}: read it as it was with `as_of`, by its id "
            f"{found['id']}, or what happened to it under /models/{found['id']}/history."
        )
    return ""


def _equals(field: str, value: str) -> Condition:
    return Comparison(field=FieldPath(root=field), operator=Operator.EQ, literal=value)
