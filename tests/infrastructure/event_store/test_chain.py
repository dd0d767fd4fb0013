import hashlib

import pytest

from infrastructure.event_store.chain import GENESIS, link
from tests.support.events import MODEL_ID

FIRST = link(GENESIS, position=1, originator_id=MODEL_ID, version=1, topic="model.registered.v1", state=b"{}")


def test_a_hash_is_the_sha256_of_its_parts_each_after_its_length() -> None:
    parts = (bytes(32), (1).to_bytes(8), MODEL_ID.bytes, (1).to_bytes(8), b"model.registered.v1", b"{}")
    encoded = b"".join(len(part).to_bytes(8) + part for part in parts)
    assert hashlib.sha256(encoded).digest() == FIRST


def test_a_hash_is_what_it_always_was() -> None:
    assert FIRST.hex() == "78e389eb052623fba5c5899244c0362675814be9ca36709f49332b54c663ef2a"


@pytest.mark.parametrize(
    "change",
    [
        {"previous": FIRST},
        {"position": 2},
        {"originator_id": type(MODEL_ID)(int=1)},
        {"version": 2},
        {"topic": "model.registered.v1{"},
        {"topic": "model.registered.v1{", "state": b"}"},
        {"state": b"{ }"},
    ],
)
def test_every_part_changes_the_hash(change: dict[str, object]) -> None:
    parts = {
        "previous": GENESIS,
        "position": 1,
        "originator_id": MODEL_ID,
        "version": 1,
        "topic": "model.registered.v1",
        "state": b"{}",
    } | change
    assert link(parts.pop("previous"), **parts) != FIRST  # type: ignore[arg-type]
