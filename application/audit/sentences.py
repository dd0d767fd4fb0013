"""What events say, in sentences for people."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from application.audit.origins import Fact
from application.views import instant_in_words
from domain.datasets.events import DatasetRegistered
from domain.models.events import ModelRetired, VersionRegistered, VersionStatusChanged, VersionVerified
from domain.models.values import ModelStatus
from domain.training.events import TrainingJobCompleted, TrainingJobRequested, TrainingJobStarted

_LISTED_MAX = 5
_HASH_CHARS = 12
_SHORT_MAX_CHARS = 40

Move = Fact[VersionStatusChanged]


def dataset_registered(event: DatasetRegistered) -> str:
    """Say who registered the dataset."""
    contents = event.contents
    return (
        f"{event.provenance.actor} registered dataset {event.name!r}: {contents.rows:,} rows, "
        f"sha256 {contents.sha256[:_HASH_CHARS]}…."
    )


def training_requested(event: TrainingJobRequested) -> str:
    """Say who asked for the training."""
    given = f" with {_listed(event.hyperparameters)}" if event.hyperparameters else ""
    return f"{event.provenance.actor} asked for a training on it{given}."


def training_started(event: TrainingJobStarted) -> str:
    """Say which worker began with it."""
    return f"{event.worker} began with it: attempt {event.attempt}."


def training_completed(event: TrainingJobCompleted) -> str:
    """Say how the training went."""
    measured = f", with {_listed(event.trained.metrics)}" if event.trained.metrics else ""
    return f"{event.provenance.actor} had trained it after {event.trained.duration_s:.1f} seconds{measured}."


def version_registered(event: VersionRegistered) -> str:
    """Say where the version came from."""
    if event.training_job_id is not None:
        return f"What it gave became version {event.version}, in staging."
    source = "" if event.source_url is None else f" and copied from {_short(event.source_url)}"
    return f"{event.provenance.actor} registered version {event.version}, trained elsewhere{source}, in staging."


def version_verified(event: VersionVerified) -> str:
    """Say what came of training the version again."""
    actor, differing = event.provenance.actor, ", ".join(each.what for each in event.differences[:_LISTED_MAX])
    more = ", …" if len(event.differences) > _LISTED_MAX else ""
    if event.reproduced:
        beside = f", though {differing}{more} differed" if differing else ""
        return f"{actor} trained version {event.version} again, and it came out the same, bit for bit{beside}."
    return f"{actor} trained version {event.version} again, and it came out otherwise: {differing}{more} differed."


def moved(event: VersionStatusChanged, other: VersionStatusChanged | None) -> str:
    """Say who moved the version.

    Args:
        event: The move.
        other: The move of another version by the same command.
    """
    actor = event.provenance.actor
    if event.status is ModelStatus.PRODUCTION:
        displaced = "" if other is None else f", which archived version {other.version}"
        return f"{actor} promoted version {event.version} to production{displaced}."
    if other is not None:
        return f"{actor} promoted version {other.version} to production, which archived version {event.version}."
    return f"{actor} moved version {event.version} from {event.previous.value} to {event.status.value}."


def retired(event: ModelRetired | None, *, at: datetime) -> str:
    """Say who took the model out of service, and when; of an event that cannot be read, that somebody did."""
    actor = "somebody" if event is None else event.provenance.actor
    return f"{actor} retired the model on {instant_in_words(at)}."


def with_reason(sentence: str, reason: str | None) -> str:
    """Return the sentence, with the reason that the actor gave."""
    return sentence if not reason else f"{sentence} The reason given: “{reason}”."


def answer(
    *,
    status: str,
    since: datetime,
    promoted: Move | None,
    displaced: Move | None,
    ended: Move | None,
    displacing: Move | None,
    retirement: str | None,
) -> str:
    """Say why a version is in production, or why it is not; what is said of it begins with a verb.

    Args:
        status: Of the version.
        since: When it came to that status.
        promoted: Its last promotion; None when there never was one.
        displaced: The version that was archived by that.
        ended: What took it out of production; None while it is in production.
        displacing: The promotion of another version by which that happened.
        retirement: Of its model, what is said of it; None while the model serves.
    """
    if promoted is not None and ended is None:
        instead = "" if displaced is None else f" in the place of version {displaced.event.version}"
        has_been = "has been" if retirement is None else f"is not in production: {retirement} It had been"
        by = f"{_actor(promoted)} promoted it{instead}"
        sentence = f"{has_been} in production since {instant_in_words(since)}: {by}."
        return with_reason(sentence, promoted.event.provenance.reason)
    reason = _not_in_production(status=status, since=since, ended=ended, displacing=displacing)
    return reason if retirement is None else f"{reason} {retirement}"


def _not_in_production(*, status: str, since: datetime, ended: Move | None, displacing: Move | None) -> str:
    if ended is None:
        return f"is not in production: nobody has ever promoted it.{_standing(status, since)}"
    cause = displacing or ended
    how = (
        f"{_actor(ended)} moved it from production to {ended.event.status.value}"
        if displacing is None
        else f"{_actor(displacing)} promoted version {displacing.event.version}, which archived it"
    )
    sentence = f"is not in production: on {instant_in_words(ended.event.provenance.timestamp)} {how}."
    sentence = with_reason(sentence, cause.event.provenance.reason)
    return sentence if status == ended.event.status else f"{sentence}{_standing(status, since)}"


def _standing(status: str, since: datetime) -> str:
    return f" Its status has been {status} since {instant_in_words(since)}."


def _actor(move: Move) -> str:
    return move.event.provenance.actor


def _listed(values: Mapping[str, Any]) -> str:
    listed = [f"{name} {_short(value)}" for name, value in list(values.items())[:_LISTED_MAX]]
    return ", ".join(listed) + (", …" if len(values) > _LISTED_MAX else "")


def _short(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _SHORT_MAX_CHARS else f"{text[: _SHORT_MAX_CHARS - 1]}…"
