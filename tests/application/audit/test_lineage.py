"""Where a version is from, also when the log cannot tell all of it."""

import sqlite3
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from application.audit.explanation import VersionExplanation, explanation_of
from application.audit.lineage import VersionLineage, lineage_of
from application.datasets.projection import project as project_datasets
from application.ledger import Ledger
from application.models.projection import project as project_models
from application.models.queries import get_model, get_version
from domain.datasets import dataset as datasets
from domain.errors import UnreadableHistory
from domain.models import model as models
from domain.models.model import Model
from domain.models.values import ModelStatus
from domain.training import job as jobs
from tests.support.commands import a_context, a_registered_model, add_version
from tests.support.events import CONTENTS, DATASET_ID, JOB_ID, PLAN, SHA256
from tests.support.fakes.identity import CountingIdentity
from tests.support.fakes.read_models import InMemoryReadModels
from tests.support.trainings import complete


@pytest.fixture
def a_model(an_empty_ledger: Ledger) -> Model:
    return a_registered_model(an_empty_ledger, "churn", identity=CountingIdentity())


def told(question: Any, ledger: Ledger, version: str = "1.0.0") -> Any:
    """Answer as the interface does, of read models that are up to the log."""
    read_models = InMemoryReadModels()
    for recorded in ledger.read(after=0, limit=1000):
        with read_models.page(after=recorded.position - 1, upto=recorded.position) as rows:
            for project in (project_models, project_datasets):
                project(recorded.event, recorded.position, rows)
    model = get_model("churn", read_models=read_models)
    found = get_version(model, version, read_models=read_models)
    return question(model, found, ledger=ledger, read_models=read_models, at=read_models.position())


def lineage(ledger: Ledger) -> VersionLineage:
    found: VersionLineage = told(lineage_of, ledger)
    return found


def explanation(ledger: Ledger) -> VersionExplanation:
    found: VersionExplanation = told(explanation_of, ledger)
    return found


def test_a_job_or_dataset_that_the_log_does_not_have_is_a_gap(an_empty_ledger: Ledger, a_model: Model) -> None:
    ids = {"training_job_id": JOB_ID, "dataset_id": DATASET_ID, "dataset_sha256": SHA256}
    add_version(an_empty_ledger, a_model, identity=CountingIdentity(), **ids)
    found = lineage(an_empty_ledger)
    assert (found.training, found.dataset, found.dataset_sha256) == (None, None, SHA256)
    assert [str(id_) in gap for id_, gap in zip((JOB_ID, DATASET_ID), found.gaps, strict=True)] == [True, True]
    assert [each.step for each in explanation(an_empty_ledger).chain] == ["registered"]


def test_a_dataset_of_other_bytes_is_told(an_empty_ledger: Ledger, a_model: Model) -> None:
    registered = datasets.register(
        dataset_id=DATASET_ID, name="d", uri="d.csv", contents=CONTENTS, target=None, by=a_context().provenance
    )
    an_empty_ledger.commit([registered])
    identity = CountingIdentity()
    for sha256 in (SHA256, "cd" * 32):
        add_version(an_empty_ledger, a_model, identity=identity, dataset_id=DATASET_ID, dataset_sha256=sha256)
    found = [told(lineage_of, an_empty_ledger, version).gaps for version in ("1.0.0", "1.1.0")]
    assert [len(each) for each in found] == [1, 2]
    assert "hashes differ" in found[1][1]


def test_a_job_that_was_retrained_by_several_workers_names_each(an_empty_ledger: Ledger, a_model: Model) -> None:
    requested = jobs.request(
        job_id=JOB_ID, model_id=a_model.id, hyperparameters={"x": 1}, plan=PLAN, by=a_context().provenance
    )
    an_empty_ledger.commit([requested])
    complete(an_empty_ledger, JOB_ID, interrupted=2)
    training = lineage(an_empty_ledger).training
    assert training is not None
    assert [(each.worker, each.ended) for each in training.attempts] == [
        ("worker:0", "worker-stopped"),
        ("worker:1", "worker-stopped"),
        ("worker:2", "completed"),
    ]
    started = [each for each in explanation(an_empty_ledger).chain if each.step == "training started"]
    assert [each.sentence for each in started] == ["worker:2 began with it: attempt 3."]


def test_a_move_by_another_command_just_before_displaced_nothing(an_empty_ledger: Ledger, a_model: Model) -> None:
    identity = CountingIdentity()
    for _ in range(2):
        add_version(an_empty_ledger, a_model, identity=identity)
    for version, status in (
        ("1.1.0", ModelStatus.PRODUCTION),
        ("1.1.0", ModelStatus.ARCHIVED),
        ("1.0.0", ModelStatus.PRODUCTION),
    ):
        model = an_empty_ledger.model(a_model.id)
        assert model is not None
        by = a_context().provenance
        an_empty_ledger.commit(models.change_status(model, reference=version, status=status, by=by))
    assert "in the place of" not in explanation(an_empty_ledger).answer
    assert told(explanation_of, an_empty_ledger, "1.1.0").displaced_by is None


def test_a_registration_that_cannot_be_read_any_more_is_an_error_that_says_so(
    an_empty_ledger: Ledger, a_model: Model, tmp_path: Path
) -> None:
    add_version(an_empty_ledger, a_model, identity=CountingIdentity())
    read_models = InMemoryReadModels()
    for recorded in an_empty_ledger.read(after=0, limit=1000):
        with read_models.page(after=recorded.position - 1, upto=recorded.position) as rows:
            project_models(recorded.event, recorded.position, rows)
    model = get_model("churn", read_models=read_models)
    version = get_version(model, "1.0.0", read_models=read_models)
    database = sqlite3.connect(tmp_path / "events.db")
    with database:
        database.execute("UPDATE stored_events SET state = '{' WHERE topic = 'model.version-registered.v1'")
    database.close()
    with pytest.raises(UnreadableHistory, match=str(UUID(model["id"]))):
        lineage_of(model, version, ledger=an_empty_ledger, read_models=read_models, at=read_models.position())
