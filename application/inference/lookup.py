"""From a request to the version it means, as the read models know it."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from application.models.queries import get_model, get_version
from application.ports.artifacts import is_artifact_url
from application.ports.read_models import Collection, Document, ReadModels
from domain.errors import DomainError
from domain.inference.errors import NoProductionVersion, NotServable
from domain.models.values import PRODUCTION_ALIAS
from domain.naming import has_uuid_shape, normal_form

Request = tuple[str, str | None]
"""A model and a version as a request names them; no version means the one in production."""


@dataclass(frozen=True, slots=True)
class Meant:
    """A version that a request means.

    Attributes:
        model: Its model's name.
        version: Its number.
        artifact_url: An artifact of this service.
    """

    model_id: str
    model: str
    version: str
    artifact_url: str


def look_up(request: Request, *, read_models: ReadModels) -> Meant:
    """Return the version that a request means.

    Raises:
        ModelNotFound, RetiredModel, VersionNotFound: There is none.
        NoProductionVersion: No version was named and none is in production.
        NotServable: The version has no artifact of this service.
    """
    reference, version = request
    return _meant(get_model(reference, read_models=read_models), version, read_models=read_models)


def look_up_again(model_id: str, requests: Iterable[Request], *, read_models: ReadModels) -> dict[Request, Meant]:
    """Return what requests that meant a model mean in it now; without those that mean nothing in it any more.

    However many spellings there are, each version is looked up once.
    """
    model = read_models.get(Collection.MODELS, UUID(model_id))
    if model is None or model["retired_at"] is not None:
        return {}
    found: dict[str | None, Meant | None] = {}
    meant = {}
    for request in requests:
        reference, version = request
        if not has_uuid_shape(reference) and normal_form(reference) != model["name"]:
            continue
        if version not in found:
            try:
                found[version] = _meant(model, version, read_models=read_models)
            except DomainError:
                found[version] = None
        if (now := found[version]) is not None:
            meant[request] = now
    return meant


def _meant(model: Document, reference: str | None, *, read_models: ReadModels) -> Meant:
    if reference is None:
        if model["production_version"] is None:
            message = f"Model {model['name']!r} has no version in production: promote one, or name a version."
            raise NoProductionVersion(message, model=model["id"])
        reference = PRODUCTION_ALIAS
    version = get_version(model, reference, read_models=read_models)
    number, artifact_url = version["version"], version["artifact_url"]
    if artifact_url is None:
        message = f"Version {number} of model {model['name']!r} has no artifact to predict with."
        raise NotServable(message, model=model["id"], version=number)
    if not is_artifact_url(artifact_url):
        message = (
            f"The artifact of version {number} of model {model['name']!r} lies at {artifact_url!r}, out of this "
            "service's reach: ask for a version that was trained here."
        )
        raise NotServable(message, model=model["id"], version=number)
    return Meant(model_id=model["id"], model=model["name"], version=number, artifact_url=artifact_url)
