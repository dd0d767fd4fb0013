from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from application.ports.presence import Presence
from infrastructure.presence import SqlPresence
from tests.support.fakes.presence import InMemoryPresence
from tests.support.operation import operation_database


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def nobody(request: pytest.FixtureRequest) -> Iterator[Presence]:
    if request.param == "memory":
        yield InMemoryPresence()
        return
    tmp_path = request.getfixturevalue("tmp_path")
    database = tmp_path / "operation.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with operation_database(database) as operation:
        yield SqlPresence(operation)


def test_every_sign_moves_the_counter_of_its_process_alone(nobody: Presence) -> None:
    for name in ("one", "one", "other"):
        nobody.sign(name)
    assert nobody.signs() == {"one": 2, "other": 1}


def test_who_is_forgotten_begins_anew(nobody: Presence) -> None:
    nobody.sign("one")
    nobody.sign("one")
    nobody.forget("one")
    assert nobody.signs() == {}
    nobody.sign("one")
    assert nobody.signs() == {"one": 1}


def test_who_has_given_a_sign_meanwhile_is_not_forgotten(nobody: Presence) -> None:
    nobody.sign("one")
    nobody.sign("one")
    nobody.forget("one", counter=1)
    assert nobody.signs() == {"one": 2}
    nobody.forget("one", counter=2)
    nobody.forget("one", counter=2)
    assert nobody.signs() == {}


def test_of_signs_at_the_same_moment_none_is_lost(nobody: Presence) -> None:
    if isinstance(nobody, InMemoryPresence):
        nobody.sign("one")
        return
    together = Barrier(4)

    def sign(_: int) -> None:
        together.wait()
        for _ in range(5):
            nobody.sign("one")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(sign, range(4)))
    assert nobody.signs() == {"one": 20}
