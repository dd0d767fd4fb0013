"""How a training process ends: with its order, with its starter, or badly."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from application.ports.trainer import Iteration
from application.ports.work import WorkFailed, WorkStopped
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.learning.protocol import MESSAGE, MODULE, Finished, Order
from infrastructure.learning.subprocess import SubprocessTrainer
from tests.support.data import ExampleTable, endless, iris
from tests.support.processes import children_of, eventually, is_running, needs_proc, own_children

STARTER = """
import sys
from pathlib import Path
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.learning.subprocess import SubprocessTrainer
from tests.support.data import endless

table, settings = endless()
artifacts = LocalArtifacts(root=Path(sys.argv[1]))
artifacts.put(table.csv())
SubprocessTrainer(artifacts=artifacts, num_threads=1).train(
    table.plan(**settings), on_iteration=lambda each: print(each.iteration, flush=True), should_stop=lambda: False
)
"""

pytestmark = needs_proc


@pytest.fixture
def artifacts(tmp_path: Path) -> LocalArtifacts:
    return LocalArtifacts(root=tmp_path)


@pytest.fixture
def trainer(artifacts: LocalArtifacts) -> SubprocessTrainer:
    return SubprocessTrainer(artifacts=artifacts, num_threads=1)


def order(artifacts: LocalArtifacts, table: ExampleTable, *, starter_pid: int, **settings: object) -> bytes:
    sha256 = artifacts.put(table.csv())
    given = Order(
        plan=table.plan(**settings),
        sha256=sha256,
        artifacts=artifacts.place,
        num_threads=1,
        starter_pid=starter_pid,
    )
    return given.model_dump_json().encode() + b"\n"


def bare_process() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", MODULE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGSEGV])
def test_a_killed_process_is_reported_with_the_signal(
    trainer: SubprocessTrainer, artifacts: LocalArtifacts, sent: signal.Signals
) -> None:
    table, settings = endless()
    artifacts.put(table.csv())
    before = own_children()

    def kill(_: Iteration) -> None:
        for pid in own_children() - before:
            os.kill(pid, sent)

    with pytest.raises(WorkFailed, match=sent.name) as failure:
        trainer.train(table.plan(**settings), on_iteration=kill, should_stop=lambda: False)

    assert failure.value.code == "training.process-died"
    assert ("memory" in failure.value.message) == (sent is signal.SIGKILL)


def test_no_process_is_left_after_a_stop_or_an_error(
    trainer: SubprocessTrainer, artifacts: LocalArtifacts
) -> None:
    table, settings = endless()
    artifacts.put(table.csv())
    before = own_children()
    seen: set[int] = set()

    def note(_: Iteration) -> None:
        seen.update(own_children() - before)

    with pytest.raises(WorkStopped):
        trainer.train(table.plan(**settings), on_iteration=note, should_stop=lambda: bool(seen))

    assert len(seen) == 1
    assert own_children() <= before


def test_a_process_that_breaks_says_its_last_words(
    trainer: SubprocessTrainer, artifacts: LocalArtifacts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    (broken / "lightgbm").mkdir(parents=True)
    (broken / "lightgbm" / "__init__.py").write_text("raise RuntimeError('no such luck')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(broken))
    artifacts.put(iris().csv())

    with pytest.raises(WorkFailed, match=r"(?s)exit status 1.*no such luck") as failure:
        trainer.train(iris().plan(), on_iteration=lambda _: None, should_stop=lambda: False)

    assert failure.value.code == "training.process-died"


def test_what_libraries_print_does_not_disturb(
    trainer: SubprocessTrainer, artifacts: LocalArtifacts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chatty = tmp_path / "chatty"
    chatty.mkdir()
    (chatty / "sklearn.py").write_text(
        "import os, sys\nos.write(1, b'hello'); print('{}', flush=True)\n"
        "sys.path.remove(os.path.dirname(__file__)); del sys.modules['sklearn']; import sklearn\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(chatty))
    artifacts.put(iris().csv())

    trained = trainer.train(iris().plan(num_iterations=3), on_iteration=lambda _: None, should_stop=lambda: False)

    assert trained.best_iteration == 3


def test_files_in_the_working_directory_are_not_imported(
    trainer: SubprocessTrainer, artifacts: LocalArtifacts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit('hijacked')", encoding="utf-8")
    (tmp_path / "domain.py").write_text("raise SystemExit('hijacked')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    artifacts.put(iris().csv())

    assert trainer.train(iris().plan(num_iterations=3), on_iteration=lambda _: None, should_stop=lambda: False)


def test_trainings_at_the_same_time_do_not_meet(trainer: SubprocessTrainer, artifacts: LocalArtifacts) -> None:
    artifacts.put(iris().csv())

    def train(seed: int) -> tuple[int, str]:
        plan = iris().plan(num_iterations=3, seed=seed)
        trained = trainer.train(plan, on_iteration=lambda _: None, should_stop=lambda: False)
        return int(trained.parameters["seed"]), trained.artifact_url

    with ThreadPoolExecutor(3) as threads:
        results = list(threads.map(train, [1, 2, 3]))

    assert [seed for seed, _ in results] == [1, 2, 3]
    assert len({url for _, url in results}) == 3


def test_the_process_dies_with_a_killed_starter(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER, str(tmp_path)], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"1\n"
        (child,) = children_of(starter.pid)
        assert os.getpgid(child) != os.getpgid(starter.pid)
        starter.kill()
        starter.wait()

        assert eventually(lambda: not is_running(child))


def test_the_process_ends_when_nobody_holds_its_order_any_more(artifacts: LocalArtifacts) -> None:
    table, settings = endless()
    with bare_process() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(order(artifacts, table, starter_pid=os.getpid(), **settings))
        process.stdin.flush()
        assert b"progressed" in process.stdout.readline()
        process.stdin.close()

        assert process.wait(timeout=30) == 3


def test_the_process_does_nothing_for_a_starter_that_is_not_its_parent(artifacts: LocalArtifacts) -> None:
    with bare_process() as process:
        output, _ = process.communicate(order(artifacts, iris(), starter_pid=1), timeout=30)

        assert process.returncode == 3
        assert output == b""


def test_the_process_ends_quietly_without_an_order() -> None:
    with bare_process() as process:
        output, errors = process.communicate(b"", timeout=30)

        assert (process.returncode, output, errors) == (0, b"", b"")


def test_the_process_speaks_nothing_but_the_protocol(artifacts: LocalArtifacts) -> None:
    with bare_process() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(order(artifacts, iris(), starter_pid=os.getpid(), num_iterations=3))
        process.stdin.flush()
        messages = [MESSAGE.validate_json(line) for line in process.stdout]

        assert isinstance(messages[-1], Finished)
        assert process.wait(timeout=30) == 0
