"""The log as a file: what is in it, and every way of damaging it."""

import gzip
import io
import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infrastructure.event_store.chain_breaks import ChainBroken
from infrastructure.event_store.checkpoints import Checkpoint
from infrastructure.event_store.evidence import Verified, verify_portable
from infrastructure.event_store.log_rows import PAGE_ROWS, LogUnreachable
from infrastructure.event_store.portable_log import NoPortableLog, export
from tests.support.logs import EditableSQLiteLog, some_rows

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
COUNT = PAGE_ROWS + 40
ROWS = some_rows(COUNT)
SIGNED = [
    Checkpoint.signed(position=position, hash=ROWS.links[position - 1][1], at=NOON, key=KEY)
    for position in (10, 200, COUNT)
]
FIRST_EVENT = 1 + len(SIGNED)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    log = EditableSQLiteLog(tmp_path_factory.mktemp("log") / "events.db")
    log.put(ROWS.events, ROWS.links)
    into = io.BytesIO()
    with log.log.snapshot() as snapshot:
        export(snapshot, into, checkpoints=SIGNED, public_keys=[PUBLIC], at=NOON)
    return into.getvalue()


@pytest.fixture
def lines(exported: bytes) -> list[bytes]:
    return exported.splitlines(keepends=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


def verified(path: Path, content: bytes) -> Verified:
    path.write_bytes(content)
    return verify_portable(path)


def broken(path: Path, content: bytes) -> ChainBroken:
    with pytest.raises(ChainBroken) as raised:
        verified(path, content)
    return raised.value


def with_end(lines: list[bytes], **changes: object) -> bytes:
    """Return the lines with the end that somebody writes who knows the format."""
    body = b"".join(lines[:-1])
    end = json.loads(lines[-1])["end"] | {"sha256": sha256(body).hexdigest()} | changes
    return body + json.dumps({"end": end}, separators=(",", ":")).encode() + b"\n"


def test_every_event_is_a_line_with_its_exact_bytes(path: Path, exported: bytes, lines: list[bytes]) -> None:
    found = verified(path, exported)
    assert (found.head.position, found.head.hash) == (COUNT, ROWS.links[-1][1])
    assert len(found.signed.checkpoints) == len(SIGNED)
    assert found.signed.keys == [PUBLIC]
    documents = [json.loads(line) for line in lines]
    assert documents[0]["format"] == "ml-service-log"
    assert documents[FIRST_EVENT]["position"] == 1
    assert documents[FIRST_EVENT]["state"].encode() == ROWS.events[0][4]
    assert "state_base64" in documents[FIRST_EVENT + 2]


def test_a_log_may_be_compressed_whatever_its_name(path: Path, exported: bytes) -> None:
    assert verified(path, gzip.compress(exported)).head.position == COUNT


def test_an_empty_log_is_exported_and_verified(path: Path, tmp_path: Path) -> None:
    into = io.BytesIO()
    with EditableSQLiteLog(tmp_path / "events.db").log.snapshot() as snapshot:
        export(snapshot, into, checkpoints=[], public_keys=[], at=NOON)
    assert verified(path, into.getvalue()).head.position == 0


def test_a_broken_log_is_not_exported_to_its_end(tmp_path: Path) -> None:
    log = EditableSQLiteLog(tmp_path / "events.db")
    rows = ROWS.copy()
    del rows.events[COUNT - 2]
    log.put(rows.events, rows.links)
    into = io.BytesIO()
    with log.log.snapshot() as snapshot, pytest.raises(ChainBroken) as raised:
        export(snapshot, into, checkpoints=[], public_keys=[], at=NOON)
    assert raised.value.position == COUNT - 1
    assert b'"end"' not in into.getvalue()


@pytest.mark.parametrize("at", [1, 9, PAGE_ROWS, PAGE_ROWS + 1, COUNT])
def test_a_file_that_is_cut_is_found_at_the_first_event_that_is_missing(
    path: Path, lines: list[bytes], at: int
) -> None:
    kept = b"".join(lines[: FIRST_EVENT + at - 1])
    assert broken(path, kept).position == at
    assert broken(path, kept + lines[FIRST_EVENT + at - 1][:-1]).position == at
    assert broken(path, gzip.compress(b"".join(lines))[:-20]).position is not None


def test_a_cut_file_with_an_end_of_its_own_is_found_by_what_was_signed(path: Path, lines: list[bytes]) -> None:
    kept = [*lines[: FIRST_EVENT + 250], lines[-1]]
    head = json.loads(kept[-2])["hash"]
    finding = broken(path, with_end(kept, events=250, head=head))
    assert finding.position == 251
    assert "was signed" in finding.reason


@pytest.mark.parametrize(("one", "other"), [(1, 2), (5, 200), (255, 256), (256, 257), (COUNT - 1, COUNT)])
def test_lines_that_change_places_are_found_at_the_first(
    path: Path, lines: list[bytes], one: int, other: int
) -> None:
    first, second = FIRST_EVENT + one - 1, FIRST_EVENT + other - 1
    lines[first], lines[second] = lines[second], lines[first]
    finding = broken(path, with_end(lines))
    assert finding.position == one
    assert "order was changed" in finding.reason


@pytest.mark.parametrize("at", [1, 77, PAGE_ROWS, COUNT])
def test_a_line_that_is_gone_or_there_twice_is_found(path: Path, lines: list[bytes], at: int) -> None:
    index = FIRST_EVENT + at - 1
    assert broken(path, with_end([*lines[:index], *lines[index + 1 :]])).position == at
    assert broken(path, with_end([*lines[: index + 1], *lines[index:]])).position == at


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("position", "1"),
        ("position", 2**70),
        ("stream", "none"),
        ("stream", None),
        ("version", 1.0),
        ("version", True),
        ("topic", 5),
        ("topic", "other"),
        ("state", "other"),
        ("state", []),
        ("hash", "00" * 32),
        ("hash", "0"),
        ("more", 1),
    ],
)
def test_an_edited_line_is_found(path: Path, lines: list[bytes], field: str, value: object) -> None:
    index = FIRST_EVENT + 40
    document = json.loads(lines[index]) | {field: value}
    lines[index] = json.dumps(document, separators=(",", ":")).encode() + b"\n"
    assert broken(path, with_end(lines)).position == 41


def test_a_line_that_means_the_same_but_is_spelt_otherwise_is_found(path: Path, lines: list[bytes]) -> None:
    index = FIRST_EVENT + 40
    sound = lines[index]
    stream = json.loads(sound)["stream"].encode()
    for line in (
        sound.replace(b":", b": ", 1),
        sound.replace(stream, stream.upper()),
        sound.replace(b"m", b"\\u006d", 1),
    ):
        assert line != sound
        lines[index] = line
        assert broken(path, with_end(lines)).position == 41


def test_every_changed_byte_of_a_file_is_found(path: Path, exported: bytes) -> None:
    random = Random(1)
    for _ in range(60):
        content = bytearray(exported)
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
        broken(path, bytes(content))


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"{}\n", b"null\n", b"root:x:0:0:root\n", b'{"format":"other"}\n', b"\x00" * 99],
)
def test_a_file_that_does_not_begin_as_a_log_is_none(path: Path, content: bytes) -> None:
    for each in (content, gzip.compress(content)):
        with pytest.raises(NoPortableLog, match=f"{path} is no exported log"):
            verified(path, each)


@pytest.mark.parametrize(
    "content",
    [
        b"\x1f\x8b",
        b"\x1f\x8bnot gzip",
        b'{"format":"ml-service-log",',
        b'{"format":"ml-service-log","version":1}\n',
        b'{"format":"ml-service-log","position":1}\n',
    ],
)
def test_a_file_that_begins_as_a_log_and_breaks_is_a_finding(path: Path, content: bytes) -> None:
    broken(path, content)


def test_a_file_of_a_later_format_is_named_as_such(path: Path, lines: list[bytes]) -> None:
    lines[0] = lines[0].replace(b'"version":1', b'"version":2')
    assert "version 2" in broken(path, b"".join(lines)).reason


def test_what_stands_after_the_end_is_found(path: Path, exported: bytes) -> None:
    assert "after the end" in broken(path, exported + b"\n").reason


def test_a_file_is_trusted_no_further_than_its_keys(path: Path, exported: bytes) -> None:
    path.write_bytes(exported)
    assert len(verify_portable(path, trusted=[PUBLIC]).signed.checkpoints) == len(SIGNED)
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    with pytest.raises(ChainBroken, match=r"no checkpoint is signed with the key that is trusted \(3 by others\)"):
        verify_portable(path, trusted=[other])


def test_a_file_that_is_not_there_is_out_of_reach(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(LogUnreachable):
            verify_portable(path)
