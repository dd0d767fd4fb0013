"""What follows when data have come in: a dataset is registered, then the models that follow it are trained.

Each step is a command, carried out once for the event: the first one's record says which models are to be trained,
so the event means the same however often it comes, whenever, and after whatever crash.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import Any

from application.datasets import handlers as datasets
from application.datasets.commands import RegisterDataset
from application.datasets.handlers import Received
from application.datasets.succession import newest_of, next_name, series_name, series_of
from application.execution import Context, Executed, Outcome, execute, replay
from application.integration.inbound import InboundEvent
from application.integration.incoming import IngestionCompleted
from application.ledger import Conflict, Ledger
from application.ports.artifacts import ArtifactStore
from application.ports.clock import Clock
from application.ports.datasets import DatasetFiles
from application.ports.identity import Identity
from application.ports.read_models import Document, ReadModels
from application.training.automatic import followers, request_following
from application.views import View
from domain.commands import Answer
from domain.datasets.errors import DatasetNotFound, NameTaken
from domain.errors import DomainError
from domain.naming import has_uuid_shape, normal_form

_log = logging.getLogger(__name__)

CAUGHT_UP_WITHIN_S = 10.0
_TRIES = 5

WaitFor = Callable[[int, float], bool]
"""Blocks until the read models have reached a position; tells whether they have, within so many seconds."""


class ReadModelsBehind(Exception):
    """The read models do not reach what is stored: what they show cannot be decided on."""


class Ingested(View):
    """What was decided when the event came first.

    Attributes:
        dataset_id: The newest dataset of those that the event speaks of.
        is_registered: Whether it was registered by the event.
        model_ids: Of those that were to be trained on it.
    """

    dataset_id: str
    is_registered: bool
    model_ids: list[str]


class Ingestion:
    """Reacts to data that have come in. Blocks; safe to use from several threads.

    Args:
        ledger: Where commands are decided and stored.
        read_models: Where datasets of a series, and models that follow one, are found.
        wait_for: Waits for these.
        files: Reads what lies at a URI.
        artifacts: Keeps it.
        clock: Says when.
        identity: Gives ids.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        read_models: ReadModels,
        wait_for: WaitFor,
        files: DatasetFiles,
        artifacts: ArtifactStore,
        clock: Clock,
        identity: Identity,
    ) -> None:
        self._ledger = ledger
        self._read_models = read_models
        self._wait_for = wait_for
        self._files = files
        self._artifacts = artifacts
        self._clock = clock
        self._identity = identity
        self._untrained = 0
        self._counting = Lock()

    @property
    def untrained(self) -> int:
        """So often a model was not trained on new data that it follows, because it cannot learn from them."""
        return self._untrained

    def series_name(self, reference: str) -> str:
        """Return one name for all that means a dataset of one series, given its id or name.

        Raises:
            UnreadableHistory: This program cannot read what it means.
        """
        return series_name(reference, ledger=self._ledger, read_models=self._read_models)

    def completed(self, event: InboundEvent, announced: IngestionCompleted) -> bool:
        """Register what has come in, then request the trainings; return whether all of it was done before.

        A model that cannot be trained on the data is told of in the log and counted: neither the others nor
        later data wait for its owner. The event that comes again tries it again.

        Raises:
            DomainError: The data cannot be registered.
            ReadModelsBehind, Conflict, SourceUnavailable: Later it may succeed.
        """
        registered = self._registered(event, announced)
        ingested = Ingested.model_validate_json(registered.answer.body or "")
        is_replay = registered.is_replay
        for model_id in ingested.model_ids:
            try:
                is_replay &= self._requested(event, model_id, ingested.dataset_id).is_replay
            except Conflict:
                raise
            except DomainError as refusal:
                self._note_untrained(model_id, ingested.dataset_id, refusal)
                is_replay = False
        return is_replay

    def _registered(self, event: InboundEvent, announced: IngestionCompleted) -> Executed:
        context = event.context(clock=self._clock, identity=self._identity)
        if (done := replay(ledger=self._ledger, context=context)) is not None:
            return done
        with self._received(announced) as received:
            decide = partial(self._decide, announced, received, context)
            for _ in range(_TRIES - 1):
                try:
                    return self._executed(decide, context)
                except (Conflict, NameTaken):
                    continue  # another dataset came at the same moment: the series may have moved on
            return self._executed(decide, context)

    def _requested(self, event: InboundEvent, model_id: str, dataset_id: str) -> Executed:
        context = event.context(clock=self._clock, identity=self._identity, part=model_id)
        return self._executed(
            lambda: request_following(
                model_id, dataset_id, context=context, ledger=self._ledger, identity=self._identity
            ),
            context,
        )

    def _executed(self, decide: Callable[[], Outcome[Any]], context: Context) -> Executed:
        return execute(decide, ledger=self._ledger, context=context, answer=_answer)

    @contextmanager
    def _received(self, announced: IngestionCompleted) -> Iterator[Received | None]:
        """Yield the bytes that lie at the URI, removed at the end unless somebody keeps them."""
        if announced.uri is None:
            yield None
            return
        received = datasets.receive_uri(announced.uri, files=self._files, artifacts=self._artifacts)
        try:
            yield received
        finally:
            received.path.unlink(missing_ok=True)

    def _decide(
        self, announced: IngestionCompleted, received: Received | None, context: Context
    ) -> Outcome[Ingested]:
        self._catch_up()
        series = series_of(announced.dataset_id, ledger=self._ledger, read_models=self._read_models)
        newest = None if series is None else newest_of(series, read_models=self._read_models)
        if newest is not None and (received is None or received.contents.sha256 == newest["sha256"]):
            names, dataset_id, events = {newest["name"]}, newest["id"], ()
        else:
            begun = self._begun(announced, received, newest, context)
            assert begun.view is not None, "what is registered is seen"
            names, dataset_id, events = {begun.view.name}, begun.view.id, begun.events
            series = None if newest is None else series
        names.add(normal_form(announced.dataset_id))

        def follows(reference: str) -> bool:
            return normal_form(reference) in names or (
                series is not None
                and series == series_of(reference, ledger=self._ledger, read_models=self._read_models)
            )

        model_ids = followers(follows, read_models=self._read_models)
        view = Ingested(dataset_id=dataset_id, is_registered=bool(events), model_ids=model_ids)
        return Outcome(events=events, view=view, version=1)

    def _begun(
        self, announced: IngestionCompleted, received: Received | None, newest: Document | None, context: Context
    ) -> Outcome[Any]:
        if received is None or (newest is None and has_uuid_shape(announced.dataset_id)):
            message = (
                f"There is no dataset {announced.dataset_id!r}: register it, or announce it by a name and "
                "with the uri where it lies."
            )
            raise DatasetNotFound(message, dataset=announced.dataset_id)
        if newest is None:
            command = RegisterDataset(name=announced.dataset_id)
        else:
            name = next_name(newest, read_models=self._read_models)
            command = RegisterDataset(name=name, target=newest["target"])
        return datasets.register_dataset(
            command,
            received,
            superseded=newest,
            context=context,
            ledger=self._ledger,
            artifacts=self._artifacts,
            identity=self._identity,
        )

    def _catch_up(self) -> None:
        head = self._ledger.head()
        if not self._wait_for(head, CAUGHT_UP_WITHIN_S):
            msg = f"the read models have not reached position {head} within {CAUGHT_UP_WITHIN_S:g} s"
            raise ReadModelsBehind(msg)

    def _note_untrained(self, model_id: str, dataset_id: str, refusal: DomainError) -> None:
        _log.warning("model %s is not trained on dataset %s: %s", model_id, dataset_id, refusal.message)
        with self._counting:
            self._untrained += 1


def _answer(outcome: Outcome[Any]) -> Answer:
    """Return what the record keeps, which nobody but this process manager reads."""
    body = None if outcome.view is None else outcome.view.model_dump_json()
    return Answer(status=200, headers={}, body=body)
