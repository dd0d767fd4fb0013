"""What a writer remembers is bounded, and forgotten in the order of its use."""

import pytest

from application.ports.read_models import Collection
from infrastructure.read_models import open_documents
from infrastructure.read_models.contents import Content
from infrastructure.read_models.open_documents import OpenDocuments, Place


def place(name: str) -> Place:
    return Collection.MODELS, name


def content(text: str) -> Content:
    return Content(text=text, free_form=())


@pytest.fixture
def room_for_three(monkeypatch: pytest.MonkeyPatch) -> OpenDocuments:
    monkeypatch.setattr(open_documents, "DOCUMENTS_MAX", 3)
    monkeypatch.setattr(open_documents, "CHARS_MAX", 10)
    return OpenDocuments(position=0)


def remembered(documents: OpenDocuments) -> str:
    return "".join(name for name in "abcd" if documents.get(place(name)))


def test_the_document_used_least_recently_is_forgotten_first(room_for_three):
    for name in "abc":
        room_for_three.put(place(name), content(name))
    room_for_three.get(place("a"))
    room_for_three.put(place("d"), content("d"))
    assert remembered(room_for_three) == "acd"


def test_large_documents_take_the_room_of_several(room_for_three):
    for name in "abc":
        room_for_three.put(place(name), content("xx"))
    room_for_three.put(place("b"), content("x" * 7))
    assert remembered(room_for_three) == "bc"
    room_for_three.put(place("a"), content("x" * 11))
    assert remembered(room_for_three) == ""
    for name in "abc":
        room_for_three.put(place(name), content("xxx"))
    assert remembered(room_for_three) == "abc"


def test_the_last_content_of_a_document_counts(room_for_three):
    room_for_three.put(place("a"), content("old"))
    room_for_three.put(place("a"), content("new"))
    assert room_for_three.get(place("a")) == content("new")
