"""One function for each thing that may be asked of models: read, decide, say what the sender sees."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from application.execution import Context, Outcome, changed
from application.ledger import Ledger
from application.models.commands import AssignAlias, ChangeStatus, RegisterModel, UpdateModel
from application.models.views import (
    AliasResponse,
    MLModelResponse,
    ModelVersionResponse,
    model_view,
    version_view,
)
from application.ports.identity import Identity
from domain.errors import InvalidInput
from domain.kernel import Provenance, fold, require_version
from domain.models import model as models
from domain.models.errors import ModelNotFound, NameTaken
from domain.models.events import ModelEvent, ModelNameReleased, ModelNameReserved
from domain.models.model import Model
from domain.models.values import PRODUCTION_ALIAS, ModelStatus
from domain.naming import release, reserve, valid_name
from domain.training.automatic import AUTO_TRAIN, require_followable

KIND = "model"
"""Of names, in reservations."""

MakeReady = Callable[[ModelVersionResponse, str], None]
"""Given a version before a name, `production` or an alias, stands for it; may refuse."""


def register_model(
    command: RegisterModel, *, context: Context, ledger: Ledger, identity: Identity
) -> Outcome[MLModelResponse]:
    """Begin a model under a name that no other has.

    Raises:
        InvalidInput: The name cannot be one, description and metadata are too large, or these say of automatic
            training what cannot be.
        NameTaken: Another model holds the name.
    """
    require_followable(command.type, command.metadata)
    by = context.provenance
    registered = models.register(
        model_id=identity.new_id(),
        name=command.name,
        type=command.type,
        description=command.description,
        metadata=command.metadata,
        by=by,
    )
    reserved = _reserve(ledger, registered.name, registered.originator_id, by)
    model = models.evolve(None, registered)
    return Outcome(events=(registered, reserved), view=model_view(model), version=model.version)


def update_model(
    reference: str, command: UpdateModel, *, context: Context, ledger: Ledger
) -> Outcome[MLModelResponse]:
    """Rename or describe a model; nothing happens where nothing differs.

    Raises:
        ModelNotFound, RetiredModel: There is none to change.
        StaleVersion: It is not the version that the sender decided on.
        InvalidInput: A field cannot be what it is to become.
        NameTaken: Another model holds the new name.
    """
    by = context.provenance
    model = load(reference, context=context, ledger=ledger)
    events: list[Any] = []
    names: list[Any] = []
    if "name" in command.model_fields_set:
        if command.name is None:
            raise InvalidInput.of("name", "A model has a name: give text, or leave the field out.")
        renamed = models.rename(model, name=command.name, by=by)
        events += renamed
        for each in renamed:
            names = [_reserve(ledger, each.name, model.id, by), _release(ledger, model, by)]
    model = _after(model, events)
    given = command.model_fields_set
    metadata = _merged(model.metadata, command.metadata) if "metadata" in given else model.metadata
    if AUTO_TRAIN in (command.metadata or {}):
        require_followable(model.type, metadata)
    described = models.describe(
        model,
        description=command.description if "description" in given else model.description,
        metadata=metadata,
        by=by,
    )
    events += described
    model = _after(model, described)
    return Outcome(events=(*events, *names), view=model_view(model), version=model.version)


def retire_model(reference: str, *, context: Context, ledger: Ledger) -> Outcome[None]:
    """Take a model out of service; its name becomes free.

    Raises:
        ModelNotFound, RetiredModel: There is none to retire.
        StaleVersion: It is not the version that the sender decided on.
    """
    model = load(reference, context=context, ledger=ledger)
    retired = models.retire(model, by=context.provenance)
    released = _release(ledger, model, context.provenance)
    return Outcome(events=(retired, released), view=None, version=retired.originator_version)


def change_status(
    reference: str, version: str, command: ChangeStatus, *, context: Context, ledger: Ledger, make_ready: MakeReady
) -> Outcome[ModelVersionResponse]:
    """Move a version; before it goes into production it is made ready.

    Raises:
        ModelNotFound, RetiredModel, VersionNotFound: There is none to move.
        StaleVersion: The model is not at the version that the sender decided on.
        StatusMoveRefused: The version's status does not allow the move.
        DomainError: As `make_ready` refuses.
    """
    model = load(reference, context=context, ledger=ledger)
    moved_id = models.find_version(model, version).id
    events = models.change_status(model, reference=version, status=command.status, by=context.provenance)
    model = _after(model, events)
    view = _version_view(model, moved_id, ledger)
    if events and command.status is ModelStatus.PRODUCTION:
        make_ready(view, PRODUCTION_ALIAS)
    return Outcome(events=events, view=view, version=model.version)


def assign_alias(
    reference: str, alias: str, command: AssignAlias, *, context: Context, ledger: Ledger, make_ready: MakeReady
) -> Outcome[AliasResponse]:
    """Let an alias stand for a version, which is made ready before.

    Raises:
        ModelNotFound, RetiredModel, VersionNotFound: There is none to stand for.
        StaleVersion: The model is not at the version that the sender decided on.
        InvalidInput: The alias cannot be one.
        DomainError: As `make_ready` refuses.
    """
    model = load(reference, context=context, ledger=ledger)
    version = models.find_version(model, command.version)
    events = models.assign_alias(model, alias=alias, reference=command.version, by=context.provenance)
    for assigned in events:
        make_ready(_version_view(model, version.id, ledger), assigned.alias)
    view = AliasResponse(alias=alias, version=version.number, version_id=str(version.id), model_id=str(model.id))
    return Outcome(events=events, view=view, version=changed(events, model.version))


def remove_alias(reference: str, alias: str, *, context: Context, ledger: Ledger) -> Outcome[None]:
    """Let an alias stand for nothing.

    Raises:
        ModelNotFound, RetiredModel, AliasNotFound: There is none to remove.
        StaleVersion: The model is not at the version that the sender decided on.
    """
    model = load(reference, context=context, ledger=ledger)
    removed = models.remove_alias(model, alias=alias, by=context.provenance)
    return Outcome(events=(removed,), view=None, version=removed.originator_version)


def load(reference: str, *, context: Context, ledger: Ledger) -> Model:
    """Return the model that an id or name means, at the version that the sender decided on.

    Raises:
        ModelNotFound, RetiredModel: There is none.
        StaleVersion: It has another version.
    """
    model_id = ledger.id_of(KIND, reference)
    model = ledger.model(model_id) if model_id is not None else None
    if model is None:
        raise ModelNotFound(f"There is no model {reference!r}.", model=reference)
    models.require_active(model)
    require_version(model, context.expected_version)
    return model


def _reserve(ledger: Ledger, name: str, holder_id: UUID, by: Provenance) -> ModelNameReserved:
    reservation = ledger.reservation(KIND, valid_name(name))
    return reserve(reservation, name=name, holder_id=holder_id, event=ModelNameReserved, taken=NameTaken, by=by)


def _release(ledger: Ledger, model: Model, by: Provenance) -> ModelNameReleased:
    reservation = ledger.reservation(KIND, model.name)
    return release(reservation, name=model.name, holder_id=model.id, event=ModelNameReleased, by=by)


def _version_view(model: Model, version_id: UUID, ledger: Ledger) -> ModelVersionResponse:
    place = model.verified_at.get(version_id)
    return version_view(
        model,
        ledger.event(model.id, model.versions[version_id].registered_at),
        None if place is None else ledger.event(model.id, place),
    )


def _after(model: Model, events: tuple[ModelEvent, ...] | list[ModelEvent]) -> Model:
    return fold(models.evolve, events, model) or model


def _merged(target: Mapping[str, Any], patch: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the target after a JSON merge patch (Source: RFC 7396, section 2)."""
    merged = dict(target) if patch is not None else {}
    for key, value in (patch or {}).items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            inner = merged.get(key)
            merged[key] = _merged(inner if isinstance(inner, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged
