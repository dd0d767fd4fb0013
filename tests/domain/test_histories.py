"""What holds of every history, whatever was asked in whatever order."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.batches import batch as batches
from domain.datasets import dataset as datasets
from domain.kernel import DomainEvent, fold
from domain.models import model as models
from domain.training import job as jobs
from tests.support.examples import examples
from tests.support.strategies_domain import (
    Command,
    batch_commands,
    batch_histories,
    dataset_histories,
    events,
    job_commands,
    job_histories,
    model_commands,
    model_histories,
)

EVOLVE = {
    "model": models.evolve,
    "training-job": jobs.evolve,
    "batch-prediction": batches.evolve,
    "dataset": datasets.evolve,
}
PROPERTY = settings(max_examples=examples(15))

Stream = tuple[DomainEvent, ...]
STREAMS = st.one_of(model_histories(), job_histories(), batch_histories(), dataset_histories())


def evolve_of(stream: Stream) -> Any:
    return EVOLVE[stream[0].TOPIC.split(".")[0]]


@given(stream=STREAMS)
@PROPERTY
def test_every_prefix_of_a_history_gives_the_state_it_had(stream: Stream):
    evolve = evolve_of(stream)
    state = None
    for length, event in enumerate(stream, start=1):
        state = evolve(state, event)
        assert state == fold(evolve, stream[:length])
        assert state.version == length


@given(stream=STREAMS)
@PROPERTY
def test_a_history_read_back_from_json_gives_the_same_state(stream: Stream):
    read_back = [type(event).model_validate_json(event.model_dump_json()) for event in stream]
    assert tuple(read_back) == stream
    assert fold(evolve_of(stream), read_back) == fold(evolve_of(stream), stream)


@given(event=events())
@PROPERTY
def test_every_event_is_read_back_from_json_as_it_was(event: DomainEvent):
    assert type(event).model_validate_json(event.model_dump_json()) == event


@pytest.mark.parametrize(
    ("streams", "commands"),
    [
        (model_histories(), model_commands()),
        (job_histories(), job_commands()),
        (batch_histories(), batch_commands()),
    ],
    ids=["model", "training job", "batch prediction"],
)
def test_the_same_state_command_and_provenance_give_the_same_events(streams, commands):
    @given(stream=streams, command=commands)
    @PROPERTY
    def decided_twice(stream: Stream, command: Command) -> None:
        evolve = evolve_of(stream)
        assert command.on(fold(evolve, stream)) == command.on(fold(evolve, stream))

    decided_twice()


@given(stream=STREAMS)
@PROPERTY
def test_no_two_events_share_an_id(stream: Stream):
    assert len({event.event_id for event in stream}) == len(stream)
