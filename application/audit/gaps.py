"""What the log cannot tell of a version."""

from uuid import UUID

from application.audit.origins import Origins
from application.ledger import Ledger
from application.ports.read_models import PARKED_MAX, Document, ParkedEvent, ReadModels

_OF_MODELS = "model."


def gaps_of(model: Document, origins: Origins, *, ledger: Ledger, read_models: ReadModels, at: int) -> list[str]:
    """Return what is missing where a version is from, and in the history of its model, a sentence each.

    Args:
        model: Its model.
        origins: Where the version is from.
        ledger: The log.
        read_models: That have reached the position.
        at: The position.
    """
    return [*_of_origins(origins), *_of_history(model, ledger=ledger, read_models=read_models, at=at)]


def _of_history(model: Document, *, ledger: Ledger, read_models: ReadModels, at: int) -> list[str]:
    """Return a sentence about the events of the model that cannot be read.

    The read models have noted which these are: a long history is not gone through for them.
    """
    parked = read_models.parked()
    unread = [each for each in parked if each.position <= at and _is_of(each, UUID(model["id"]), ledger=ledger)]
    if not unread:
        return []
    count = "1 event" if len(unread) == 1 else f"{len(unread):,} events"
    at_least = "at least " if len(parked) >= PARKED_MAX else ""
    newest = f"the newest {unread[-1].topic!r} at position {unread[-1].position}"
    whole = f"The history of model {model['name']!r} holds {at_least}{count} that this program cannot read"
    return [f"{whole}, {newest}: what they changed is not told here."]


def _is_of(parked: ParkedEvent, model_id: UUID, *, ledger: Ledger) -> bool:
    if not parked.topic.startswith(_OF_MODELS):
        return False
    recorded = ledger.at(parked.position)
    return recorded is not None and recorded.event.originator_id == model_id


def _of_origins(origins: Origins) -> list[str]:
    registered = origins.registered.event
    gaps = []
    if registered.training_job_id is None:
        gaps.append("It was trained elsewhere: no training job of this service made it.")
    elif origins.requested is None or origins.completed is None:
        gaps.append(f"Training job {registered.training_job_id} cannot be read in full from this log.")
    if registered.dataset_id is None:
        gaps.append("Its registration names no dataset of this service.")
    elif origins.dataset is None:
        gaps.append(f"Dataset {registered.dataset_id} cannot be read from this log.")
    elif origins.dataset.event.contents.sha256 != registered.dataset_sha256:
        gaps.append("The dataset's bytes are not those that the version learned from: their hashes differ.")
    return gaps
