"""Why a version is in production, or why it is not: the causal chain, told in order."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from application.audit import sentences
from application.audit.gaps import gaps_of
from application.audit.origins import (
    Fact,
    Origins,
    beside,
    moves_of,
    origins_of,
    retirement_of,
    verification_of,
)
from application.audit.views import EventReference
from application.ledger import Ledger
from application.ports.read_models import Document, ReadModels
from application.views import Instant, View
from domain.models.events import ModelRetired, VersionStatusChanged, VersionVerified
from domain.models.values import ModelStatus
from domain.training.events import TrainingJobStarted

Step = Literal[
    "dataset",
    "training requested",
    "training started",
    "trained",
    "registered",
    "verified",
    "moved",
    "retired",
]


class CausalLink(EventReference):
    """One event of the chain.

    Attributes:
        step: What it was to the version.
        sentence: What happened, for a person.
    """

    step: Step
    sentence: str


class VersionExplanation(View):
    """Why a version is in production, or why it is not.

    Attributes:
        status: Of the version; a retired model's versions keep theirs.
        is_in_production: Whether predictions are made with it by that: never with a retired model's.
        answer: The reason in a sentence or two.
        since: When it came to its status.
        displaced_by: The version whose promotion took it out of production, when that is why it is not.
        chain: What led there, in order: dataset, training, registration, the moves that matter: the last
            promotion, what ended it, and the newest; the newest verification; the retirement of its model.
        gaps: What the log cannot tell, a sentence each.
    """

    model_id: str
    model: str
    version_id: str
    version: str
    status: ModelStatus
    is_in_production: bool
    answer: str
    since: Instant
    displaced_by: str | None
    chain: list[CausalLink]
    gaps: list[str]


def explanation_of(
    model: Document, version: Document, *, ledger: Ledger, read_models: ReadModels, at: int
) -> VersionExplanation:
    """Return why the version is, or is not, in production.

    Args:
        model: Its model, as it was at the position.
        version: As it was at the position.
        ledger: The log.
        read_models: That have reached the position.
        at: The position.

    Raises:
        UnreadableHistory: The event that registered the version cannot be read.
    """
    version_id = UUID(version["id"])
    origins = origins_of(version_id, ledger=ledger, read_models=read_models, at=at)
    moves = moves_of(version_id, ledger=ledger, read_models=read_models, at=at)
    promoted = next((each for each in moves if each.event.status is ModelStatus.PRODUCTION), None)
    ended = next((each for each in moves if each.event.previous is ModelStatus.PRODUCTION), None)
    displacing = None if ended is None else beside(ended, ledger=ledger, step=1)
    telling = [each for each in moves if each in (promoted, ended, moves[-1])]
    retirement = retirement_of(model, ledger=ledger, at=at)
    verification = None
    if version.get("verification") is not None:
        verification = verification_of(version_id, ledger=ledger, read_models=read_models, at=at)
    newest = (moves[-1] if moves else origins.registered).event.provenance.timestamp
    why = sentences.answer(
        status=version["status"],
        since=newest,
        promoted=promoted,
        displaced=None if promoted is None else beside(promoted, ledger=ledger, step=-1),
        ended=ended,
        displacing=displacing,
        retirement=_retirement(model, retirement),
    )
    return VersionExplanation(
        model_id=model["id"],
        model=model["name"],
        version_id=version["id"],
        version=version["version"],
        status=version["status"],
        is_in_production=version["status"] == ModelStatus.PRODUCTION and model["retired_at"] is None,
        answer=f"Version {version['version']} of {model['name']!r} {why}",
        since=newest,
        displaced_by=None if displacing is None else displacing.event.version,
        chain=sorted(
            [
                *_beginning(origins),
                *(_move(each, ledger=ledger) for each in telling),
                *([] if verification is None else [_verified(verification)]),
                *([] if retirement is None else [_end(retirement)]),
            ],
            key=lambda link: link.position,
        ),
        gaps=gaps_of(model, origins, ledger=ledger, read_models=read_models, at=at),
    )


def _beginning(origins: Origins) -> list[CausalLink]:
    chain = []
    if (dataset := origins.dataset) is not None:
        chain.append(_link(dataset, "dataset", sentences.dataset_registered(dataset.event)))
    if (requested := origins.requested) is not None:
        chain.append(_link(requested, "training requested", sentences.training_requested(requested.event)))
    if (completed := origins.completed) is not None:
        chain += [
            _link(each, "training started", sentences.training_started(each.event))
            for each in origins.attempts
            if isinstance(each.event, TrainingJobStarted) and each.event.attempt == completed.event.attempt
        ]
        chain.append(_link(completed, "trained", sentences.training_completed(completed.event)))
    registered = origins.registered
    return [*chain, _link(registered, "registered", sentences.version_registered(registered.event))]


def _move(move: Fact[VersionStatusChanged], *, ledger: Ledger) -> CausalLink:
    step = -1 if move.event.status is ModelStatus.PRODUCTION else 1
    other = beside(move, ledger=ledger, step=step)
    return _link(move, "moved", sentences.moved(move.event, None if other is None else other.event))


def _verified(verification: Fact[VersionVerified]) -> CausalLink:
    return _link(verification, "verified", sentences.version_verified(verification.event))


def _link(fact: Fact[Any], step: Step, sentence: str) -> CausalLink:
    reference = fact.reference
    told = sentences.with_reason(sentence, reference.reason)
    return CausalLink(**reference.model_dump(), step=step, sentence=told)


def _end(retirement: Fact[ModelRetired]) -> CausalLink:
    event = retirement.event
    return _link(retirement, "retired", sentences.retired(event, at=event.provenance.timestamp))


def _retirement(model: Document, retirement: Fact[ModelRetired] | None) -> str | None:
    if model["retired_at"] is None:
        return None
    event = None if retirement is None else retirement.event
    sentence = sentences.retired(event, at=datetime.fromisoformat(model["retired_at"]))
    return sentences.with_reason(sentence, None if event is None else event.provenance.reason)
