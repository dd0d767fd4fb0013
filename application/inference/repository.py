"""All versions that there are to predict with, and what stands in the way of those that cannot."""

from collections.abc import Iterator
from dataclasses import dataclass

from application.models.queries import SERVING, versions_of
from application.ports.artifacts import is_artifact_url
from application.ports.filters import Comparison, Condition, FieldPath, Operator
from application.ports.read_models import Collection, Document, Query, ReadModels
from domain.models.values import ModelStatus

_PAGE = 1_000
_IN_PRODUCTION = Comparison(
    field=FieldPath(root="status"), operator=Operator.EQ, literal=ModelStatus.PRODUCTION.value
)


@dataclass(frozen=True, slots=True)
class RepositoryVersion:
    """A version of a model that is not retired.

    Attributes:
        model_id: Of its model.
        model: Its model's name.
        version: Its number.
        artifact_url: None where it has no artifact.
        created_at: RFC 3339 text in UTC.
    """

    model_id: str
    model: str
    version: str
    artifact_url: str | None
    created_at: str

    @property
    def artifact(self) -> str | None:
        """Its artifact in this service; None where it has none there."""
        return None if self.problem is not None else self.artifact_url

    @property
    def problem(self) -> str | None:
        """Why it cannot predict here; None where it can."""
        if self.artifact_url is None:
            return "It has no artifact to predict with."
        if not is_artifact_url(self.artifact_url):
            return "Its artifact lies out of this service's reach."
        return None


def all_versions(*, read_models: ReadModels) -> list[RepositoryVersion]:
    """Return the versions of all models, by the model's name and then as they were registered."""
    return _versions(None, read_models=read_models)


def production_versions(*, read_models: ReadModels) -> list[RepositoryVersion]:
    """Return the versions in production, by the model's name."""
    return _versions(_IN_PRODUCTION, read_models=read_models)


def versions_of_model(model: Document, *, read_models: ReadModels) -> list[RepositoryVersion]:
    """Return the versions of a model as they were registered."""
    at = read_models.position()
    documents = _found(Collection.VERSIONS, versions_of(model), read_models=read_models, at=at)
    return sorted((_version(model, each) for each in documents), key=lambda each: each.created_at)


def _versions(where: Condition | None, *, read_models: ReadModels) -> list[RepositoryVersion]:
    at = read_models.position()
    models = {each["id"]: each for each in _found(Collection.MODELS, SERVING, read_models=read_models, at=at)}
    found = [
        _version(models[each["model_id"]], each)
        for each in _found(Collection.VERSIONS, where, read_models=read_models, at=at)
        if each["model_id"] in models
    ]
    return sorted(found, key=lambda each: (each.model, each.created_at))


def _version(model: Document, version: Document) -> RepositoryVersion:
    return RepositoryVersion(
        model_id=model["id"],
        model=model["name"],
        version=version["version"],
        artifact_url=version["artifact_url"],
        created_at=version["created_at"],
    )


def _found(
    collection: Collection, where: Condition | None, *, read_models: ReadModels, at: int
) -> Iterator[Document]:
    """Yield the documents page by page, so that few of them are in memory at once."""
    offset = 0
    while page := read_models.find(Query(collection=collection, where=where, limit=_PAGE, offset=offset, at=at)):
        yield from page
        offset += _PAGE
        if len(page) < _PAGE:
            return
