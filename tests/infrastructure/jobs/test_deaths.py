"""What is said of a job whose process died, or found no more memory, or hung."""

from collections.abc import Mapping

import pytest
from pydantic import TypeAdapter

from application.ports.work import WorkFailed
from domain.training.job import TRAINING
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.jobs.job_process import Program
from infrastructure.jobs.protocol import Failed, Finished, Progressed
from tests.support.dying_job import DyingOrder, End
from tests.support.processes import needs_proc

MIB = 1024 * 1024
LIMIT_BYTES = 256 * MIB
ENOUGH_S = 600
TOO_SHORT_S = 2

pytestmark = needs_proc

Failures = Mapping[tuple[End, bool], WorkFailed]

PROGRAM: Program[None, None] = Program(
    kind=TRAINING,
    module="tests.support.dying_job",
    messages=TypeAdapter(Progressed[None] | Finished[None] | Failed),
    environment={},
)


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> Failures:
    """What was said of a process that came to each end, with a limit of its memory and without."""
    artifacts = LocalArtifacts(root=tmp_path_factory.mktemp("deaths"))
    sha256 = artifacts.put(b"a,b\n1,2\n")

    def failure(end: End, *, is_limited: bool) -> WorkFailed:
        order = DyingOrder(
            end=end,
            sha256=sha256,
            artifacts=artifacts.place,
            memory_max_bytes=LIMIT_BYTES if is_limited else None,
            time_max_s=(TOO_SHORT_S if end is End.HANGS else ENOUGH_S) if is_limited else None,
        )
        with pytest.raises(WorkFailed) as raised:
            PROGRAM.result_of(order, on_progress=lambda _: None, should_stop=lambda: False)
        return raised.value

    ends = [(end, is_limited) for end in End for is_limited in (True, False)]
    ends.remove((End.TAKES_MUCH, False))  # which is no end
    ends.remove((End.FINDS_NO_ROOM, True))  # which has nothing to do with it
    ends.remove((End.HANGS, False))  # which is no end, either
    return {(end, is_limited): failure(end, is_limited=is_limited) for end, is_limited in ends}


@pytest.mark.parametrize("end", [End.TAKES_MUCH, End.BREAKS])
def test_a_job_that_takes_more_memory_than_it_may_fails_with_the_limit_and_what_to_do(
    failures: Failures, end: End
) -> None:
    failure = failures[end, True]

    assert failure.code == "training.out-of-memory"
    assert "more memory than the 256 MiB that it is allowed" in failure.message
    assert "ML_SERVICE_TRAINING_MEMORY_BYTES" in failure.message
    assert "try fewer rows" in failure.message


@pytest.mark.parametrize(
    ("end", "signal"),
    [
        (End.SEGFAULTS, "SIGSEGV"),
        (End.ABORTS, "SIGABRT"),
        (End.IS_KILLED, "SIGKILL"),
        (End.BREAKS, "SIGABRT"),
    ],
)
def test_a_death_is_told_with_its_signal(failures: Failures, end: End, signal: str) -> None:
    failure = failures[end, False]

    assert failure.code == "training.process-died"
    assert f"was killed by {signal}" in failure.message
    assert ("the machine ran out of memory" in failure.message) == (end is End.IS_KILLED)


@pytest.mark.parametrize("end", [End.SEGFAULTS, End.ABORTS])
def test_a_death_under_a_limit_that_may_have_been_its_cause_says_so(failures: Failures, end: End) -> None:
    failure = failures[end, True]

    assert failure.code == "training.process-died"
    assert "perhaps for want of memory, of which it is allowed 256 MiB" in failure.message


def test_a_result_that_finds_no_room_is_told_with_what_to_do(failures: Failures) -> None:
    failure = failures[End.FINDS_NO_ROOM, False]

    assert failure.code == "training.not-written"
    assert "No space left on device. See to the room where artifacts are kept" in failure.message


def test_last_words_are_kept(failures: Failures) -> None:
    assert "std::bad_alloc" in failures[End.BREAKS, True].message
    assert "std::bad_alloc" in failures[End.BREAKS, False].message


def test_a_job_that_hangs_fails_when_its_time_is_over_with_the_limit_and_what_to_do(failures: Failures) -> None:
    failure = failures[End.HANGS, True]

    assert failure.code == "training.out-of-time"
    assert "longer than the 2 s that it is allowed" in failure.message
    assert "ML_SERVICE_TRAINING_TIME_S" in failure.message
    assert "try fewer rows" in failure.message
