"""Signed heads: who made them, what they prove, and how their file survives."""

import logging
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from infrastructure.event_store.chain_breaks import ChainBroken
from infrastructure.event_store.checkpoint_files import CheckpointFiles, KeyUnusable, parsed_public_key
from infrastructure.event_store.checkpointer import Checkpointer, sign_head
from infrastructure.event_store.checkpoints import Checkpoint, NoCheckpoint
from infrastructure.event_store.evidence import contradiction, verify_stored
from infrastructure.event_store.log_rows import Head
from infrastructure.event_store.postgres_log import PostgresLog
from infrastructure.event_store.sqlite_log import SQLiteLog
from tests.support.fakes.clock import FakeClock
from tests.support.logs import EditablePostgresLog, EditableSQLiteLog, some_rows
from tests.support.processes import eventually

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ROWS = some_rows(30)


@pytest.fixture
def files(tmp_path: Path) -> CheckpointFiles:
    return CheckpointFiles(tmp_path)


@pytest.fixture
def a_log(tmp_path: Path) -> EditableSQLiteLog:
    log = EditableSQLiteLog(tmp_path / "events.db")
    log.put(ROWS.events, ROWS.links)
    return log


def cut(log: EditableSQLiteLog, *, after: int) -> None:
    log.put(ROWS.events[:after], ROWS.links[:after])


def head(position: int) -> Head:
    return Head(position=position, hash=ROWS.links[position - 1][1])


@contextmanager
def a_finding() -> Iterator[list[ChainBroken]]:
    found: list[ChainBroken] = []
    with pytest.raises(ChainBroken) as raised:
        yield found
    found.append(raised.value)


def test_a_checkpoint_is_what_it_always_was() -> None:
    checkpoint = Checkpoint.signed(position=7, hash=bytes(32), at=NOON, key=KEY)
    assert checkpoint.line == (
        b'{"position":7,"hash":"' + b"00" * 32 + b'","at":"2026-03-01T12:00:00.000000Z",'
        b'"key":"03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",'
        b'"signature":"' + checkpoint.signature.hex().encode() + b'"}\n'
    )
    KEY.public_key().verify(
        checkpoint.signature,
        b"ml-service checkpoint 1\nposition 7\nhash " + b"00" * 32 + b"\nat 2026-03-01T12:00:00.000000Z\n",
    )
    assert Checkpoint.of_line(checkpoint.line) == checkpoint


@pytest.mark.parametrize(
    "change", [{"position": 8}, {"hash": b"\1" * 32}, {"at_text": "2026-03-01T12:00:00.000001Z"}]
)
def test_whatever_is_changed_in_a_checkpoint_its_signature_does_not_fit(change: dict[str, object]) -> None:
    checkpoint = Checkpoint.signed(position=7, hash=bytes(32), at=NOON, key=KEY)
    assert checkpoint.is_genuine
    fields = {name: getattr(checkpoint, name) for name in checkpoint.__dataclass_fields__}
    assert not Checkpoint(**{**fields, **change}).is_genuine


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[1]",
        b"null",
        b"\xff",
        b"[" * 10_000,
        b'{"position":"1","hash":"","at":"","key":"","signature":""}',
        b'{"position":1,"hash":7,"at":"","key":"","signature":""}',
    ],
)
def test_a_line_that_is_no_checkpoint_is_refused(line: bytes) -> None:
    with pytest.raises(NoCheckpoint):
        Checkpoint.of_line(line)


def test_the_key_is_made_when_first_needed_and_for_its_owner_alone(files: CheckpointFiles, tmp_path: Path) -> None:
    assert files.trusted_keys() == []
    first, second = files.sign(head(1), at=NOON), files.sign(head(2), at=NOON)
    assert (tmp_path / "checkpoint-key.pem").stat().st_mode & 0o777 == 0o600
    assert files.trusted_keys() == [first.key] == [second.key]


def test_the_same_head_is_signed_once(files: CheckpointFiles) -> None:
    for _ in range(3):
        files.sign(head(5), at=NOON)
    assert len(files.lines()) == 1


@pytest.mark.parametrize("torn", [b"{", b'{"position":9,"ha', b"\x00" * 50])
def test_a_line_that_was_not_written_to_its_end_is_none_and_goes_with_the_next(
    files: CheckpointFiles, tmp_path: Path, torn: bytes
) -> None:
    files.sign(head(5), at=NOON)
    with (tmp_path / "checkpoints.jsonl").open("ab") as file:
        file.write(torn)
    assert len(files.lines()) == 1
    files.sign(head(6), at=NOON)
    assert [Checkpoint.of_line(line).position for line in files.lines()] == [5, 6]


def _sign_ten(home: Path, first: int) -> None:
    for position in range(first, first + 10):
        CheckpointFiles(home).sign(head(position), at=NOON)


def test_processes_that_sign_together_share_a_key_and_lose_no_line(files: CheckpointFiles, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_sign_ten, args=(tmp_path, first)) for first in (1, 11, 21)]
    for each in processes:
        each.start()
    for each in processes:
        each.join()
    found = [Checkpoint.of_line(line) for line in files.lines()]
    assert sorted(each.position for each in found) == list(range(1, 31))
    assert {each.key for each in found} == set(files.trusted_keys())


def test_a_key_that_cannot_be_read_is_told_by_its_name(files: CheckpointFiles, tmp_path: Path) -> None:
    (tmp_path / "checkpoint-key.pem").write_text("no key")
    with pytest.raises(KeyUnusable, match=r"checkpoint-key\.pem"):
        files.sign(head(1), at=NOON)


def test_a_public_key_is_given_as_digits_as_pem_or_as_a_file_of_either(tmp_path: Path) -> None:
    raw = KEY.public_key().public_bytes_raw()
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    (tmp_path / "digits").write_text(f"{raw.hex()}\n")
    (tmp_path / "pem").write_text(pem)
    given = (raw.hex(), pem, str(tmp_path / "digits"), str(tmp_path / "pem"))
    assert {parsed_public_key(each) for each in given} == {raw}
    for wrong in ("", "zz", "00", str(tmp_path), str(tmp_path / "none"), "-----BEGIN NOTHING-----"):
        with pytest.raises(KeyUnusable):
            parsed_public_key(wrong)


def test_a_log_that_was_cut_is_known_by_a_head_further_on(
    a_log: EditableSQLiteLog, files: CheckpointFiles
) -> None:
    sign_head(a_log.log, files, at=NOON)
    cut(a_log, after=20)
    with a_finding() as found:
        verify_stored(a_log.log, files)
    assert found[0].position == 21


def test_a_log_that_was_written_anew_is_known_by_a_head_of_before(
    a_log: EditableSQLiteLog, files: CheckpointFiles
) -> None:
    files.sign(head(10), at=NOON)
    changed = ROWS.copy()
    changed.events[4][4] = b"other"
    changed.linked()
    a_log.put(changed.events, changed.links)
    sign_head(a_log.log, files, at=NOON)
    with a_finding() as found:
        verify_stored(a_log.log, files)
    assert found[0].position == 10


def test_a_checkpoint_that_somebody_else_made_is_a_finding(
    a_log: EditableSQLiteLog, files: CheckpointFiles, tmp_path: Path
) -> None:
    sign_head(a_log.log, files, at=NOON)
    foreign = Checkpoint.signed(position=5, hash=bytes(32), at=NOON, key=KEY)
    own = Checkpoint.of_line(files.lines()[0])
    forged = Checkpoint(position=6, hash=bytes(32), at_text=own.at_text, key=own.key, signature=own.signature)
    for line, position, word in (
        (foreign.line, 5, "not trusted"),
        (forged.line, 6, "forged"),
        (b"{}\n", None, "read"),
    ):
        (tmp_path / "checkpoints.jsonl").write_bytes(own.line + line)
        with a_finding() as found:
            verify_stored(a_log.log, files)
        assert found[0].position == position
        assert word in found[0].reason


def test_the_key_that_is_named_counts_and_no_other(a_log: EditableSQLiteLog, files: CheckpointFiles) -> None:
    signed = sign_head(a_log.log, files, at=NOON)
    assert signed is not None
    verified = verify_stored(a_log.log, files, trusted=[signed.key])
    assert len(verified.signed.checkpoints) == 1
    with a_finding():
        verify_stored(a_log.log, files, trusted=[KEY.public_key().public_bytes_raw()])


def test_a_log_without_any_checkpoint_of_the_named_key_is_a_finding(
    a_log: EditableSQLiteLog, files: CheckpointFiles
) -> None:
    assert verify_stored(a_log.log, files).signed.checkpoints == []
    with a_finding() as found:
        verify_stored(a_log.log, files, trusted=[KEY.public_key().public_bytes_raw()])
    assert found[0].position is None


def test_the_first_damage_counts_before_a_checkpoint_that_is_wrong(
    a_log: EditableSQLiteLog, files: CheckpointFiles, tmp_path: Path
) -> None:
    (tmp_path / "checkpoints.jsonl").write_bytes(b"{}\n")
    a_log.execute("DELETE FROM chain WHERE position = 3")
    with a_finding() as found:
        verify_stored(a_log.log, files)
    assert found[0].position == 3


def test_nothing_is_signed_of_an_empty_log(files: CheckpointFiles, tmp_path: Path) -> None:
    assert sign_head(EditableSQLiteLog(tmp_path / "events.db").log, files, at=NOON) is None
    assert files.lines() == []


@pytest.fixture
def a_checkpointer(a_log: EditableSQLiteLog, files: CheckpointFiles) -> Iterator[Checkpointer]:
    checkpointer = Checkpointer(log=a_log.log, files=files, clock=FakeClock(), every_events=10, every_s=3_600)
    checkpointer.start()
    yield checkpointer
    checkpointer.stop()


def test_heads_are_signed_at_first_after_so_many_events_and_at_the_end(
    a_log: EditableSQLiteLog, files: CheckpointFiles, a_checkpointer: Checkpointer
) -> None:
    for number, position in enumerate((1, 11), start=1):
        cut(a_log, after=position)
        a_checkpointer.on_page(position)
        assert eventually(lambda expected=number: len(files.lines()) == expected)
    for position in (12, 20):
        cut(a_log, after=position)
        a_checkpointer.on_page(position)
    a_checkpointer.stop()
    assert [Checkpoint.of_line(line).position for line in files.lines()] == [1, 11, 20]


def test_heads_are_signed_after_so_much_time(a_log: EditableSQLiteLog, files: CheckpointFiles) -> None:
    checkpointer = Checkpointer(log=a_log.log, files=files, clock=FakeClock(), every_events=1_000, every_s=0.02)
    checkpointer.start()
    try:
        checkpointer.on_page(30)
        assert eventually(lambda: len(files.lines()) == 1)
    finally:
        checkpointer.stop()


def test_a_checkpoint_that_fails_is_made_with_a_later_page(
    a_log: EditableSQLiteLog, files: CheckpointFiles, a_checkpointer: Checkpointer, tmp_path: Path
) -> None:
    hidden = a_log.path.rename(tmp_path / "hidden.db")
    a_checkpointer.on_page(20)
    hidden.rename(a_log.path)
    a_checkpointer.on_page(30)
    assert eventually(lambda: [Checkpoint.of_line(line).position for line in files.lines()] == [30])


def test_a_new_key_beside_checkpoints_of_another_is_told(files: CheckpointFiles, tmp_path: Path) -> None:
    told: list[bytes] = []
    first = files.sign(head(5), at=NOON, on_new_key=told.extend)
    assert told == []
    (tmp_path / "checkpoint-key.pem").unlink()
    second = files.sign(head(6), at=NOON, on_new_key=told.extend)
    assert (told, second.key == first.key) == ([first.key], False)


def test_the_checkpointer_warns_of_a_new_key(
    a_log: EditableSQLiteLog,
    files: CheckpointFiles,
    a_checkpointer: Checkpointer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    former = files.sign(head(5), at=NOON)
    (tmp_path / "checkpoint-key.pem").unlink()
    with caplog.at_level(logging.WARNING):
        a_checkpointer.stop()
    assert former.key.hex() in caplog.text


def test_after_a_new_key_the_one_before_is_named_and_counts_alone(
    a_log: EditableSQLiteLog, files: CheckpointFiles, tmp_path: Path
) -> None:
    first = files.sign(head(10), at=NOON)
    (tmp_path / "checkpoint-key.pem").unlink()
    second = files.sign(head(20), at=NOON)
    signed = verify_stored(a_log.log, files, trusted=[first.key]).signed
    assert (len(signed.checkpoints), signed.of_others, signed.position) == (1, 1, 10)
    both = verify_stored(a_log.log, files, trusted=[first.key, second.key]).signed
    assert (len(both.checkpoints), both.of_others, both.position) == (2, 0, 20)
    cut(a_log, after=8)
    with a_finding() as found:
        verify_stored(a_log.log, files, trusted=[first.key])
    assert found[0].position == 9


def test_a_forged_checkpoint_of_the_named_key_is_a_finding(
    a_log: EditableSQLiteLog, files: CheckpointFiles, tmp_path: Path
) -> None:
    own = files.sign(head(10), at=NOON)
    forged = Checkpoint(position=6, hash=bytes(32), at_text=own.at_text, key=own.key, signature=own.signature)
    (tmp_path / "checkpoints.jsonl").write_bytes(own.line + forged.line)
    with a_finding() as found:
        verify_stored(a_log.log, files, trusted=[own.key])
    assert "forged" in found[0].reason


def test_a_log_that_the_newest_signed_head_fits_is_not_contradicted(
    a_log: EditableSQLiteLog, files: CheckpointFiles
) -> None:
    assert contradiction(a_log.log, files) is None
    files.sign(head(20), at=NOON)
    assert contradiction(a_log.log, files) is None


def test_another_log_a_cut_one_and_none_are_contradicted(
    a_log: EditableSQLiteLog, files: CheckpointFiles, tmp_path: Path, postgres_url: str
) -> None:
    sign_head(a_log.log, files, at=NOON)
    nothing = EditableSQLiteLog(tmp_path / "nothing.db").log
    for log in (nothing, SQLiteLog(tmp_path / "none.db"), PostgresLog(postgres_url)):
        assert "the log ends at position 0" in (contradiction(log, files) or "")
    changed = ROWS.copy()
    changed.events[4][4] = b"other"
    changed.linked()
    other = EditablePostgresLog(postgres_url)
    other.put(changed.events, changed.links)
    assert "another hash" in (contradiction(other.log, files) or "")
    cut(a_log, after=20)
    files.sign(head(20), at=NOON)
    assert "position 30" in (contradiction(a_log.log, files) or "")


def test_checkpoints_that_are_not_of_the_directorys_keys_contradict_nothing(
    a_log: EditableSQLiteLog, files: CheckpointFiles, tmp_path: Path
) -> None:
    own = files.sign(head(10), at=NOON)
    foreign = Checkpoint.signed(position=99, hash=bytes(32), at=NOON, key=KEY)
    forged = Checkpoint(position=98, hash=bytes(32), at_text=own.at_text, key=own.key, signature=own.signature)
    (tmp_path / "checkpoints.jsonl").write_bytes(own.line + foreign.line + forged.line + b"{}\n")
    assert contradiction(a_log.log, files) is None
