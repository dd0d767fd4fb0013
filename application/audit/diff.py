"""What differs between two moments of a model, or between two of its versions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from application.ledger import Ledger
from application.models.queries import get_version
from application.ports.event_log import Recorded
from application.ports.read_models import Document, ReadModels
from application.views import View
from domain.bounds import is_same_json
from domain.errors import InvalidInput
from domain.models.errors import VersionNotFound
from domain.models.events import ModelRetired, VersionRegistered, VersionStatusChanged
from domain.models.values import ModelStatus

EVENTS_MAX = 10_000
"""So many events of one model are looked at for one answer."""

_OF_MODELS = (
    "name",
    "description",
    "type",
    "metadata",
    "aliases",
    "latest_version",
    "production_version",
    "created_at",
    "retired_at",
)
_OF_VERSIONS = (
    "status",
    "hyperparameters",
    "metrics",
    "artifact_url",
    "source_url",
    "dataset_id",
    "dataset_sha256",
    "training_job_id",
)
_KEYED = frozenset({"metadata", "aliases", "hyperparameters", "metrics"})


class Change(View):
    """One field that differs.

    Attributes:
        field: Its name; for a key of a free-form field its path (`metadata.team`).
        change: Whether only the later side has it, only the earlier one, or both.
        before: On the side of `from`; null also where there is none.
        after: On the side of `to`; null also where there is none.
    """

    field: str
    change: Literal["added", "removed", "changed"]
    before: Any
    after: Any


class DiffSide(View):
    """One of the two that are compared.

    Attributes:
        position: As of which it was read.
        version: Its number; null where the whole model is compared.
        version_id: Of that version.
    """

    position: int
    version: str | None = None
    version_id: str | None = None


class VersionAddition(View):
    """A version that is new.

    Attributes:
        status: At the later moment.
    """

    version_id: str
    version: str
    status: ModelStatus


class VersionMove(View):
    """A version whose status differs."""

    version_id: str
    version: str
    before: ModelStatus
    after: ModelStatus


class ModelDiff(View):
    """What differs.

    Attributes:
        between: What was compared: two moments of the model, or two of its versions.
        changes: The fields that differ: of the model, or of the versions.
        versions_added: Between the two moments.
        versions_moved: Between the two moments; not those that came back to the status they had.
        is_retired: Whether the model was retired between the two moments.
        events: The positions of all that happened to the model between the two moments.
    """

    model_id: str
    between: Literal["moments", "versions"]
    from_: DiffSide = Field(serialization_alias="from")
    to: DiffSide
    changes: list[Change]
    versions_added: list[VersionAddition]
    versions_moved: list[VersionMove]
    is_retired: bool
    events: list[int]


def diff_of_moments(
    earlier: Document | None, later: Document, *, after: int, upto: int, events: Sequence[Recorded]
) -> ModelDiff:
    """Return what happened to a model between two positions.

    Args:
        earlier: The model as it was at the first; None where there was none yet.
        later: The model as it was at the second.
        after: The first position.
        upto: The second one.
        events: All of the model's between them.
    """
    added: dict[str, VersionAddition] = {}
    moved: dict[str, VersionMove] = {}
    for event in (each.event for each in events):
        if isinstance(event, VersionRegistered):
            added[str(event.version_id)] = VersionAddition(
                version_id=str(event.version_id), version=event.version, status=ModelStatus.STAGING
            )
        elif isinstance(event, VersionStatusChanged):
            version_id = str(event.version_id)
            if version_id in added:
                added[version_id] = added[version_id].model_copy(update={"status": event.status})
            else:
                before = moved[version_id].before if version_id in moved else event.previous
                moved[version_id] = VersionMove(
                    version_id=version_id, version=event.version, before=before, after=event.status
                )
    return ModelDiff(
        model_id=later["id"],
        between="moments",
        from_=DiffSide(position=after),
        to=DiffSide(position=upto),
        changes=list(_changes(earlier or {}, later, _OF_MODELS)),
        versions_added=list(added.values()),
        versions_moved=[each for each in moved.values() if each.before is not each.after],
        is_retired=any(isinstance(each.event, ModelRetired) for each in events),
        events=[each.position for each in events],
    )


def diff_of_versions(model: Document, earlier: Document, later: Document, *, at: int) -> ModelDiff:
    """Return what differs between two versions of a model, as they were at the position."""
    return ModelDiff(
        model_id=model["id"],
        between="versions",
        from_=DiffSide(position=at, version=earlier["version"], version_id=earlier["id"]),
        to=DiffSide(position=at, version=later["version"], version_id=later["id"]),
        changes=list(_changes(earlier, later, _OF_VERSIONS)),
        versions_added=[],
        versions_moved=[],
        is_retired=False,
        events=[],
    )


def events_between(model: Document, *, ledger: Ledger, after: int, upto: int) -> list[Recorded]:
    """Return all that happened to a model between two positions.

    Raises:
        InvalidInput: It is too much for one answer.
    """
    found = ledger.read(after=after, upto=upto, limit=EVENTS_MAX + 1, originator_id=UUID(model["id"]))
    if len(found) > EVENTS_MAX:
        message = f"lies more than {EVENTS_MAX:,} events of this model before `to`: choose a later moment."
        raise InvalidInput.of("from", message, after)
    return found


def version_to_compare(
    model: Document, reference: str, *, field: str, read_models: ReadModels, at: int
) -> Document:
    """Return the version that a side of the comparison names.

    Raises:
        InvalidInput: There is none; the error names the field.
    """
    try:
        return get_version(model, reference, read_models=read_models, at=at)
    except VersionNotFound as error:
        message = (
            f"{error.message} Name a version, or a moment: a position (all digits), or an RFC 3339 instant with "
            "its time and offset."
        )
        raise InvalidInput.of(field, message, reference) from None


def _changes(before: Document, after: Document, fields: Sequence[str]) -> Iterator[Change]:
    had, has = dict(_values(before, fields)), dict(_values(after, fields))
    for name in sorted({**had, **has}, key=lambda each: (fields.index(each.partition(".")[0]), each)):
        if name not in had:
            yield Change(field=name, change="added", before=None, after=has[name])
        elif name not in has:
            yield Change(field=name, change="removed", before=had[name], after=None)
        elif not is_same_json(had[name], has[name]):
            yield Change(field=name, change="changed", before=had[name], after=has[name])


def _values(document: Document, fields: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield each field that has a value, and each key of those that have keys, also where it is null."""
    for field in fields:
        value = document.get(field)
        if field in _KEYED and isinstance(value, Mapping):
            yield from ((f"{field}.{key}", each) for key, each in value.items())
        elif value is not None:
            yield field, value
