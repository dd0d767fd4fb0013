"""Hypothesis strategies for the words of the domain, for commands and for whole histories."""

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any, NamedTuple

from hypothesis import strategies as st

from domain.batches import batch as batches
from domain.batches.values import BatchPlan, PredictedTable
from domain.commands import Answer, CommandCompleted
from domain.datasets import dataset as datasets
from domain.datasets.events import DatasetNameReleased, DatasetNameReserved
from domain.datasets.values import Column, ColumnType, Contents, DatasetFormat
from domain.errors import DomainError
from domain.jobs import job as jobs
from domain.jobs.values import InterruptionCause
from domain.kernel import DomainEvent, Provenance, envelope, fold
from domain.models import model as models
from domain.models.events import ModelNameReleased, ModelNameReserved
from domain.models.values import Difference, ModelStatus, ModelType, Reproduction
from domain.training import job as training
from domain.training.hyperparameters.parsing import parse
from domain.training.plan import plan
from domain.training.values import TrainedModel, TrainingPlan

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
METRICS = st.dictionaries(st.sampled_from(["auc", "log_loss", "rmse"]), FINITE)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | FINITE | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
JSON_OBJECTS = st.dictionaries(TEXT, JSON_VALUES, max_size=4)
SHA256 = st.text("0123456789abcdef", min_size=64, max_size=64)
NAMES = st.sampled_from(["churn", "loyalty", "caf\u00e9", "cafe\u0301", "最良"])
ALIASES = st.sampled_from(["best", "safe", "caf\u00e9"])
NUMBERS = st.none() | st.sampled_from(["1.0.0", "1.1.0", "1.3.0", "2.0.0", "v7"])
ATTEMPTS = st.integers(0, 4)
REFERENCES = st.sampled_from(["1.0.0", "1.1.0", "1.2.0", "1.3.0", "best", "safe", "production", "9.9.9"])


def provenances() -> st.SearchStrategy[Provenance]:
    """Anybody, at any instant, for any reason."""
    return st.builds(
        Provenance,
        timestamp=st.datetimes(timezones=st.just(UTC)),
        actor=TEXT,
        reason=st.none() | TEXT,
        correlation_id=TEXT,
        causation_id=st.none() | st.uuids(),
        command_id=st.uuids(),
    )


def contents() -> st.SearchStrategy[Contents]:
    """Tables with a numeric column `y` and at least one more to learn from."""
    column = st.builds(Column, name=TEXT, type=st.sampled_from(ColumnType), missing=st.integers(0, 100)).filter(
        lambda each: each.name not in {"x", "y"}
    )
    learnable = [Column(name=name, type=ColumnType.NUMERIC, missing=0) for name in ("x", "y")]
    columns = st.lists(column, max_size=4, unique_by=lambda each: each.name)
    return st.builds(
        Contents,
        format=st.sampled_from(DatasetFormat),
        sha256=SHA256,
        size_bytes=st.integers(1, 2**40),
        rows=st.integers(10, 2**33),
        columns=columns.map(lambda each: (*each, *learnable)),
    )


def trained_models() -> st.SearchStrategy[TrainedModel]:
    """What a training may give."""
    return st.builds(
        TrainedModel,
        artifact_url=SHA256.map("artifact:{}".format),
        metrics=METRICS,
        best_iteration=st.integers(1, 500),
        parameters=st.dictionaries(TEXT, TEXT | st.integers(-(2**63), 2**63 - 1) | FINITE | st.booleans()),
        environment=st.dictionaries(TEXT, TEXT),
        duration_s=st.floats(0, 1e6),
    )


@st.composite
def plans(draw: st.DrawFn) -> TrainingPlan:
    """Plans to learn `y`."""
    registered = datasets.register(
        dataset_id=draw(st.uuids()), name="houses", uri=draw(TEXT), contents=draw(contents()), target="y",
        by=draw(provenances()),
    )  # fmt: skip
    model_type = draw(st.sampled_from([ModelType.CLASSIFICATION, ModelType.REGRESSION]))
    asked = {"num_iterations": draw(st.integers(1, 100_000)), "learning_rate": draw(st.floats(0.001, 10))}
    return plan(
        model_type=model_type,
        dataset=datasets.evolve(None, registered),
        hyperparameters=parse(model_type, asked),
    )


class Command(NamedTuple):
    """A decision to be made on whatever the state is then."""

    decide: Callable[..., Any]
    arguments: dict[str, Any]
    by: Provenance

    def on(self, state: Any) -> tuple[Any, ...]:
        """Return the events that follow; none where it is not granted."""
        try:
            outcome = self.decide(state, **self.arguments, by=self.by)
        except DomainError:
            return ()
        return outcome if isinstance(outcome, tuple) else (outcome,)


def _command(decide: Callable[..., Any], **arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Command]:
    return st.builds(Command, st.just(decide), st.fixed_dictionaries(arguments), provenances())


def version_registrations() -> st.SearchStrategy[Command]:
    """Versions, of numbers that collide often."""
    return _command(
        models.register_version,
        version_id=st.uuids(),
        number=NUMBERS,
        hyperparameters=JSON_OBJECTS,
        metrics=METRICS,
        artifact_url=st.none() | TEXT,
        training_job_id=st.none() | st.uuids(),
        dataset_id=st.none() | st.uuids(),
        dataset_sha256=st.none() | SHA256,
    )


def reproductions() -> st.SearchStrategy[Reproduction]:
    """What may come of training a version again."""
    difference = st.builds(Difference, what=TEXT, expected=st.none() | TEXT, actual=st.none() | TEXT)
    return st.builds(
        Reproduction, reproduced=st.booleans(), differences=st.lists(difference, max_size=3).map(tuple)
    )


def version_commands() -> st.SearchStrategy[Command]:
    """Everything that can be asked of a model's versions and aliases."""
    return st.one_of(
        version_registrations(),
        version_registrations(),
        _command(models.change_status, reference=REFERENCES, status=st.sampled_from(ModelStatus)),
        _command(models.change_status, reference=REFERENCES, status=st.just(ModelStatus.PRODUCTION)),
        _command(models.assign_alias, alias=ALIASES, reference=REFERENCES),
        _command(
            models.verify_version,
            reference=REFERENCES,
            training_job_id=st.uuids(),
            reproduction=reproductions(),
        ),
        _command(models.remove_alias, alias=ALIASES),
    )


def model_commands() -> st.SearchStrategy[Command]:
    """Everything that can be asked of a registered model, retiring it seldom."""
    return st.one_of(
        *[version_commands()] * 4,
        _command(models.describe, description=st.none() | TEXT, metadata=JSON_OBJECTS),
        _command(models.rename, name=NAMES),
        _command(models.retire),
    )


def job_commands() -> st.SearchStrategy[Command]:
    """Everything that can be asked of a requested job."""
    return st.one_of(
        _commands_of_any_job(),
        _commands_of_any_job(),
        _command(
            training.progress,
            attempt=ATTEMPTS,
            percent=st.integers(0, 100),
            iteration=st.integers(1, 500),
            metrics=METRICS,
        ),
        _command(
            training.complete,
            attempt=ATTEMPTS,
            version_id=st.uuids(),
            version=st.sampled_from(["1.0.0", "1.1.0"]),
            trained=trained_models(),
        ),
    )


def batch_commands() -> st.SearchStrategy[Command]:
    """Everything that can be asked of a requested batch prediction."""
    predicted = st.builds(PredictedTable, contents=contents(), duration_s=st.floats(0, 1e6))
    return st.one_of(
        _commands_of_any_job(),
        _commands_of_any_job(),
        _command(batches.progress, attempt=ATTEMPTS, percent=st.integers(0, 100), rows=st.integers(1, 2**33)),
        _command(batches.complete, attempt=ATTEMPTS, dataset_id=st.uuids(), name=NAMES, predicted=predicted),
    )


def _commands_of_any_job() -> st.SearchStrategy[Command]:
    return st.one_of(
        _command(jobs.start, worker=TEXT),
        _command(jobs.start, worker=TEXT),
        _command(jobs.interrupt, attempt=ATTEMPTS, cause=st.sampled_from(InterruptionCause)),
        _command(jobs.fail, attempt=ATTEMPTS, code=st.just("training.failed"), error=st.text(max_size=20)),
        _command(jobs.cancel),
        _command(jobs.confirm_cancelled, attempt=ATTEMPTS),
    )


def _history(
    evolve: Callable[[Any, Any], Any], first: DomainEvent, commands: Sequence[Command]
) -> tuple[DomainEvent, ...]:
    events: tuple[DomainEvent, ...] = (first,)
    for command in commands:
        events += command.on(fold(evolve, events))
    return events


@st.composite
def model_histories(draw: st.DrawFn) -> tuple[DomainEvent, ...]:
    """The stream of one model, from its registration."""
    first = models.register(
        model_id=draw(st.uuids()),
        name=draw(NAMES),
        type=draw(st.sampled_from(ModelType)),
        description=draw(st.none() | TEXT),
        metadata=draw(JSON_OBJECTS),
        by=draw(provenances()),
    )
    return _history(models.evolve, first, draw(st.lists(model_commands(), max_size=12)))


@st.composite
def job_histories(draw: st.DrawFn) -> tuple[DomainEvent, ...]:
    """The stream of one training job, from its request."""
    first = training.request(
        job_id=draw(st.uuids()),
        model_id=draw(st.uuids()),
        hyperparameters=draw(JSON_OBJECTS),
        plan=draw(plans()),
        by=draw(provenances()),
    )
    return _history(training.evolve, first, draw(st.lists(job_commands(), max_size=12)))


@st.composite
def batch_histories(draw: st.DrawFn) -> tuple[DomainEvent, ...]:
    """The stream of one batch prediction, from its request."""
    plans_of_batches = st.builds(
        BatchPlan,
        model_id=st.uuids(),
        version_id=st.uuids(),
        version=st.sampled_from(["1.0.0", "v7"]),
        artifact_url=SHA256.map("artifact:{}".format),
        dataset_id=st.uuids(),
        contents=contents(),
        explain=st.sampled_from(["true", "false", "probability > 0.8"]),
        name=NAMES,
    )
    first = batches.request(
        job_id=draw(st.uuids()), metadata=draw(JSON_OBJECTS), plan=draw(plans_of_batches), by=draw(provenances())
    )
    return _history(batches.evolve, first, draw(st.lists(batch_commands(), max_size=12)))


@st.composite
def dataset_histories(draw: st.DrawFn) -> tuple[DomainEvent, ...]:
    """The stream of one dataset, from its registration."""
    first = datasets.register(
        dataset_id=draw(st.uuids()),
        name=draw(NAMES),
        uri=draw(TEXT),
        contents=draw(contents()),
        target=draw(st.sampled_from([None, "y"])),
        by=draw(provenances()),
    )
    return _history(datasets.evolve, first, draw(st.lists(_command(datasets.retire), max_size=2)))


@st.composite
def name_events(draw: st.DrawFn) -> DomainEvent:
    """A name reserved or released, of a model or a dataset."""
    kinds = [ModelNameReserved, ModelNameReleased, DatasetNameReserved, DatasetNameReleased]
    place = envelope(draw(provenances()), draw(st.uuids()), draw(st.integers(1, 2**31)))
    return draw(st.sampled_from(kinds))(**place, name=draw(NAMES), holder_id=draw(st.uuids()))


@st.composite
def command_records(draw: st.DrawFn) -> CommandCompleted:
    """The record of a command that was carried out."""
    answer = Answer(
        status=draw(st.integers(200, 299)),
        headers=draw(st.dictionaries(TEXT, TEXT, max_size=3)),
        body=draw(st.none() | TEXT),
    )
    place = envelope(draw(provenances()), draw(st.uuids()), 1)
    return CommandCompleted(**place, request_hash=draw(SHA256), answer=answer)


def histories() -> st.SearchStrategy[tuple[DomainEvent, ...]]:
    """One stream of any kind that is more than one event long at times."""
    return st.one_of(model_histories(), job_histories(), batch_histories(), dataset_histories())


def events() -> st.SearchStrategy[DomainEvent]:
    """One event of any type that is ever stored."""
    one_of_a_history = histories().flatmap(st.sampled_from)
    return st.one_of(one_of_a_history, one_of_a_history, name_events(), command_records())
