"""Removes the artifacts that nothing refers to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from infrastructure.artifacts.references import NamedArtifacts, References
from infrastructure.artifacts.waste import Collectable, Lying
from infrastructure.event_store.log_rows import StoredLog

OnStep = Callable[[str, int, int | None], None]


@dataclass(frozen=True, kw_only=True)
class Collection:
    """What was removed, or would be.

    Attributes:
        removed: Those, by name.
        lying: So many artifacts there were before.
    """

    removed: tuple[Lying, ...]
    lying: int


class ArtifactsOfAnother(Exception):
    """The log names none of the artifacts that are in the store; the message says what to do."""


def collect(
    log: StoredLog, store: Collectable, *, before: datetime, is_dry_run: bool, on_step: OnStep
) -> Collection:
    """Remove what was kept before an instant, and what no event of the log refers to, nor what those name.

    Services may go on meanwhile. What is kept first and referred to later is safe for as long as the instant is
    past: it is as young as its last keeping, and what goes is looked at twice, the second time when it is aside.
    What was aside when a collection was killed is put back by the next.

    Args:
        log: Of all events.
        store: The artifacts of this log.
        before: Younger ones may be about to be referred to.
        is_dry_run: Whether to tell only what would be removed.
        on_step: Told of the progress.

    Raises:
        LogNotUnderstood: An event cannot be read: nothing is removed.
        ArtifactsOfAnother: The log names none of those that are there: nothing is removed.
        LogUnreachable: The log cannot be read.
        ArtifactStoreUnreachable: The store cannot be asked.
        OSError: Its directory cannot be read or written.
    """
    on_step("reading the log", 0, None)
    references = References(log, store)
    referenced = references.up_to_now()
    if not is_dry_run:
        for name in list(store.aside()):
            store.put_back(name)
        store.clear_incoming(before=before)
    lying = list(store.lying())
    if lying:
        _require_own(log, {each.name for each in lying})
    waste = sorted(each for each in lying if each.kept_at < before and each.name not in referenced)
    if is_dry_run:
        return Collection(removed=tuple(waste), lying=len(lying))
    aside = []
    for done, each in enumerate(waste):
        on_step("setting aside", done, len(waste))
        if store.set_aside(each.name, before=before):
            aside.append(each)
    on_step("reading the log again", 0, None)
    referenced = references.up_to_now()
    for each in aside:
        if each.name in referenced:
            store.put_back(each.name)
        else:
            store.forget(each.name)
    removed = tuple(each for each in aside if each.name not in referenced)
    return Collection(removed=removed, lying=len(lying))


def _require_own(log: StoredLog, lying: set[str]) -> None:
    """Demand that the store has something of what the log names: it may be another's."""
    named = NamedArtifacts()
    with log.snapshot() as snapshot:
        for events, _ in snapshot.pages():
            named(events)
            if not lying.isdisjoint(named.positions):
                return
    msg = (
        "no event of this log names any of these artifacts: name the place of its own as --artifacts, "
        "or remove them by hand; nothing is removed"
    )
    raise ArtifactsOfAnother(msg)
