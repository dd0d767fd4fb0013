"""Trainings that nobody asks for one by one: a model's `metadata.auto_train` names the dataset it is to follow."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from application.execution import Context, Outcome
from application.ledger import Ledger
from application.models.queries import SERVING
from application.ports.filters import And, FieldPath, IsNull, Not
from application.ports.identity import Identity
from application.ports.read_models import Collection, Query, ReadModels
from application.training.commands import RequestTraining
from application.training.handlers import request_training
from application.training.views import TrainingJobResponse
from domain.errors import InvalidInput, Refusal
from domain.training.automatic import AUTO_TRAIN

MODELS_MAX = 10_000
"""So many models may follow one dataset: their ids stand in one event."""

_FOLLOWS = Not(condition=IsNull(field=FieldPath(root="metadata", key=f"{AUTO_TRAIN}.dataset_id")))


class TooManyFollowers(Refusal):
    """More models follow a dataset than can be trained by one event."""

    code = "training.too-many-followers"


def followers(follows: Callable[[str], bool], *, read_models: ReadModels) -> list[str]:
    """Return the ids of the models, retired ones left out, whose metadata name a dataset to follow.

    Args:
        follows: Whether a dataset is meant, given its id or name; asked once for each.
        read_models: Where the models are found.

    Raises:
        TooManyFollowers: There are more than `MODELS_MAX`.
    """
    query = Query(
        collection=Collection.MODELS,
        where=And(conditions=(SERVING, _FOLLOWS)),
        limit=MODELS_MAX + 1,
        at=read_models.position(),
    )
    answers: dict[str, bool] = {}
    found = []
    for model in read_models.find(query):
        reference = _followed(model["metadata"])
        if reference is None:
            continue
        if reference not in answers:
            answers[reference] = follows(reference)
        if answers[reference]:
            found.append(model["id"])
    if len(found) > MODELS_MAX:
        message = f"More than {MODELS_MAX:,} models follow the dataset by their metadata.{AUTO_TRAIN}."
        raise TooManyFollowers(message)
    return found


def request_following(
    model_id: str, dataset_id: str, *, context: Context, ledger: Ledger, identity: Identity
) -> Outcome[TrainingJobResponse]:
    """Let a job wait that trains the model as its metadata say now; nothing where it follows no dataset any more.

    Raises:
        InvalidInput: The dataset or the hyperparameters are nothing that the model can learn from.
    """
    model = ledger.model(UUID(model_id))
    wish: Any = None if model is None or model.is_retired else model.metadata.get(AUTO_TRAIN)
    if model is None or not isinstance(wish, dict):
        return Outcome(events=(), view=None, version=0)
    hyperparameters = wish.get("hyperparameters") or {}
    if not isinstance(hyperparameters, dict):
        field = f"metadata.{AUTO_TRAIN}.hyperparameters"
        raise InvalidInput.of(field, "must be an object.", hyperparameters)
    return request_training(
        RequestTraining(model_id=model_id, dataset_id=dataset_id, hyperparameters=hyperparameters),
        context=context,
        ledger=ledger,
        identity=identity,
        known_names=lambda _: (),  # both are named by id
        has_cluster=True,  # if there is none, the job says so
    )


def _followed(metadata: dict[str, Any]) -> str | None:
    # older metadata say anything: a search for a field finds it in lists as well, and keys with dots in them
    wish = metadata.get(AUTO_TRAIN)
    reference = wish.get("dataset_id") if isinstance(wish, dict) else None
    return reference if isinstance(reference, str) else None
