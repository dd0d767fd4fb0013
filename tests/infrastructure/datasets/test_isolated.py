"""Whatever a file does to the process that looks into it, the caller goes on."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.datasets.errors import UnreadableDataset
from domain.datasets.values import Contents, DatasetFormat
from domain.errors import FieldProblem
from infrastructure.datasets.isolated import MIB, InspectionFailed, IsolatedDatasetFiles
from infrastructure.datasets.protocol import ANSWER, Refused
from tests.support.examples import examples
from tests.support.processes import children_of, eventually, is_running, needs_proc, own_children

CALLER = """
import sys
from pathlib import Path
from domain.datasets.values import DatasetFormat
from infrastructure.datasets.isolated import IsolatedDatasetFiles

IsolatedDatasetFiles(None).inspect(Path(sys.argv[1]), DatasetFormat.CSV)
"""
CSV = b"a\n1\n"

pytestmark = needs_proc


@pytest.fixture
def files() -> IsolatedDatasetFiles:
    return IsolatedDatasetFiles(None)


@pytest.fixture
def a_csv(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(CSV)
    return path


@pytest.fixture
def endless_csv(tmp_path: Path) -> Path:
    """Return a pipe: its inspection lasts for as long as its writing end is open."""
    path = tmp_path / "endless.csv"
    os.mkfifo(path)
    return path


@pytest.fixture
def sound(tmp_path: Path) -> bytes:
    path = tmp_path / "sound.parquet"
    table = pa.table({"n": [float(each) for each in range(500)], "t": [f"text {each}" for each in range(500)]})
    pq.write_table(table, path, row_group_size=200, compression="none")
    return path.read_bytes()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as executor:
        yield executor


def under_way(
    files: IsolatedDatasetFiles, pipe: Path, threads: ThreadPoolExecutor
) -> tuple[Future[Contents], int]:
    """Return an inspection that has opened its pipe, and the pipe's writing end."""
    inspection = threads.submit(files.inspect, pipe, DatasetFormat.CSV)
    return inspection, os.open(pipe, os.O_WRONLY)


def test_a_file_that_aborts_its_decoder_is_refused(
    files: IsolatedDatasetFiles, a_csv: Path, sound: bytes, tmp_path: Path
) -> None:
    # column n: neither required, optional nor repeated
    damaged = sound.replace(b"\x25\x02\x18\x01n", b"\x25\x03\x18\x01n")
    assert damaged != sound
    path = tmp_path / "damaged.parquet"
    path.write_bytes(damaged)

    with pytest.raises(UnreadableDataset, match="damaged") as refused:
        files.inspect(path, DatasetFormat.PARQUET)

    assert [problem.field for problem in refused.value.problems] == ["file"]
    assert files.inspect(a_csv, DatasetFormat.CSV).rows == 1


@settings(max_examples=examples(6))
@given(at=st.integers(0, 2_000) | st.integers(-1_000, -1), bytes_=st.binary(min_size=1, max_size=4))
def test_damage_anywhere_is_refused_or_harms_nothing(
    files: IsolatedDatasetFiles, tmp_path: Path, sound: bytes, at: int, bytes_: bytes
) -> None:
    damaged = bytearray(sound)
    begin = at % len(damaged)
    damaged[begin : begin + len(bytes_)] = bytes_
    path = tmp_path / "damaged.parquet"
    path.write_bytes(damaged)

    try:
        assert files.inspect(path, DatasetFormat.PARQUET).size_bytes == len(damaged)
    except UnreadableDataset as refused:
        problems = refused.problems

        assert [problem.field for problem in problems] == ["file"]
        assert str(tmp_path) not in problems[0].message


def test_a_file_that_needs_more_memory_than_allowed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"b": [bytes(200 * MIB)]}), path, compression="zstd", use_dictionary=False)
    assert path.stat().st_size < MIB

    with pytest.raises(UnreadableDataset, match="more memory to read than the 256 MiB allowed"):
        IsolatedDatasetFiles(None, memory_max_bytes=256 * MIB).inspect(path, DatasetFormat.PARQUET)


def test_a_file_that_keeps_its_reader_busy_is_given_up(endless_csv: Path) -> None:
    before = own_children()
    both_ends = os.open(endless_csv, os.O_RDWR)

    with pytest.raises(UnreadableDataset, match="within 2 s"):
        IsolatedDatasetFiles(None, patience_s=2).inspect(endless_csv, DatasetFormat.CSV)

    os.close(both_ends)
    assert own_children() <= before


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGSEGV])
def test_a_process_that_is_killed_is_a_refusal(
    files: IsolatedDatasetFiles, endless_csv: Path, threads: ThreadPoolExecutor, sent: signal.Signals
) -> None:
    before = own_children()
    inspection, writing = under_way(files, endless_csv, threads)
    (child,) = own_children() - before

    os.kill(child, sent)

    with pytest.raises(UnreadableDataset, match="damaged, or takes more memory"):
        inspection.result()
    os.close(writing)
    assert own_children() <= before


def test_a_process_dies_with_its_killed_caller(endless_csv: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", CALLER, str(endless_csv)]) as caller:
        writing = os.open(endless_csv, os.O_WRONLY)
        (child,) = children_of(caller.pid)
        caller.kill()
        caller.wait()

        assert eventually(lambda: not is_running(child))
    os.close(writing)


def test_one_file_waits_for_the_other(
    files: IsolatedDatasetFiles, endless_csv: Path, a_csv: Path, threads: ThreadPoolExecutor
) -> None:
    first, writing = under_way(files, endless_csv, threads)
    second = threads.submit(files.inspect, a_csv, DatasetFormat.CSV)

    with pytest.raises(TimeoutError):
        second.result(timeout=1)
    os.write(writing, CSV)
    os.close(writing)

    assert first.result().columns == second.result().columns


def test_a_process_that_breaks_on_its_own_says_nothing_of_the_file(
    files: IsolatedDatasetFiles, a_csv: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pyarrow.py").write_text("raise RuntimeError('no such luck')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(InspectionFailed, match=r"(?s)exit status 1.*no such luck"):
        files.inspect(a_csv, DatasetFormat.CSV)


def test_a_file_that_is_not_there_is_no_refusal(files: IsolatedDatasetFiles, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.inspect(tmp_path / "nothing.csv", DatasetFormat.CSV)


def test_a_refusal_arrives_as_it_was_sent() -> None:
    sent = Refused(
        problems=(
            FieldProblem(field="file", message="is “damaged”\n: write it again."),
            FieldProblem(field="columns[3]", message="odd", value={"name": "x", "numbers": [1, 2.5, None, True]}),
        )
    )

    assert ANSWER.validate_json(sent.model_dump_json().encode()) == sent
