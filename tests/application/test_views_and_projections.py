"""What a command answers is what readers see: both are made separately, and must be the same document."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from application.execution import Context, Outcome, execute
from application.ledger import Ledger
from application.models import handlers
from application.models.commands import AssignAlias, ChangeStatus, RegisterModel, UpdateModel
from application.models.projection import project
from application.ports.read_models import Collection, Document
from domain.errors import DomainError
from domain.models.values import ModelStatus, ModelType
from infrastructure.event_store.settings import sqlite_environment
from tests.support.commands import a_context, add_version, answered, nothing_to_load
from tests.support.examples import examples
from tests.support.fakes.identity import CountingIdentity

NAMES = st.sampled_from(["a", "b", "c"])
VERSIONS = st.sampled_from(["1.0.0", "1.1.0", "champion", "production"])
METADATA = st.dictionaries(NAMES, st.none() | st.integers(0, 3) | st.dictionaries(NAMES, st.integers(0, 3)))
Do = Callable[[Context, Ledger, CountingIdentity], Outcome[Any]]


def _register(name: str) -> Do:
    command = RegisterModel(name=name, type=ModelType.REGRESSION, metadata={"x": 1})
    return lambda context, ledger, identity: handlers.register_model(
        command, context=context, ledger=ledger, identity=identity
    )


def _update(name: str, fields: dict[str, Any]) -> Do:
    return lambda context, ledger, _: handlers.update_model(
        name, UpdateModel(**fields), context=context, ledger=ledger
    )


def _move(name: str, version: str, status: ModelStatus) -> Do:
    return lambda context, ledger, _: handlers.change_status(
        name, version, ChangeStatus(status=status), context=context, ledger=ledger, make_ready=nothing_to_load
    )


def _assign(name: str, alias: str, version: str) -> Do:
    return lambda context, ledger, _: handlers.assign_alias(
        name, alias, AssignAlias(version=version), context=context, ledger=ledger, make_ready=nothing_to_load
    )


def _remove(name: str, alias: str) -> Do:
    return lambda context, ledger, _: handlers.remove_alias(name, alias, context=context, ledger=ledger)


def _retire(name: str) -> Do:
    return lambda context, ledger, _: handlers.retire_model(name, context=context, ledger=ledger)


def _train(name: str) -> Do:
    def train(context: Context, ledger: Ledger, identity: CountingIdentity) -> Outcome[Any]:
        model = handlers.load(name, context=context, ledger=ledger)
        add_version(ledger, model, identity=identity)
        return Outcome(events=(), view=None, version=model.version + 1)

    return train


ACTIONS = st.one_of(
    st.builds(_register, NAMES),
    st.builds(_train, NAMES),
    st.builds(
        _update,
        NAMES,
        st.fixed_dictionaries(
            {}, optional={"name": NAMES, "description": st.none() | NAMES, "metadata": METADATA}
        ),
    ),
    st.builds(_move, NAMES, VERSIONS, st.sampled_from(ModelStatus)),
    st.builds(_assign, NAMES, st.sampled_from(["champion", "challenger"]), VERSIONS),
    st.builds(_remove, NAMES, st.sampled_from(["champion", "challenger"])),
    st.builds(_retire, NAMES),
)


class Documents:
    """Documents as projections put them."""

    def __init__(self) -> None:
        self.now: dict[tuple[Collection, UUID], Document] = {}

    def get(self, collection: Collection, id: UUID) -> Document | None:  # noqa: A002 - the port's word
        return self.now.get((collection, id))

    def put(self, collection: Collection, id: UUID, document: Document, *, position: int) -> None:  # noqa: A002
        self.now[collection, id] = document


@settings(max_examples=examples(15))
@given(st.lists(ACTIONS, max_size=25))
def test_the_answer_to_a_command_is_the_document_that_readers_see(actions: list[Do]) -> None:
    with tempfile.TemporaryDirectory() as home, Ledger(sqlite_environment(Path(home) / "e.db")) as ledger:
        identity = CountingIdentity()
        documents, position = Documents(), 0
        for action in actions:
            context = a_context()
            try:
                executed = execute(
                    lambda: action(context, ledger, identity),  # noqa: B023 - called before the next round
                    ledger=ledger,
                    context=context,
                    answer=answered,
                )
            except DomainError:
                continue
            for recorded in ledger.read(after=position, limit=1000):
                position = recorded.position
                project(recorded.event, position, documents)
            body = json.loads(executed.answer.body or "null")
            if body is not None and "id" in body:
                collection = Collection.VERSIONS if "model_id" in body else Collection.MODELS
                assert documents.get(collection, UUID(body["id"])) == body
