"""Names: what they may look like, and who holds them."""

from uuid import UUID

import pytest

from domain import naming
from domain.datasets.events import DatasetNameReleased, DatasetNameReserved
from domain.errors import InvalidInput
from domain.models.errors import NameTaken
from domain.models.events import ModelNameReleased, ModelNameReserved
from domain.naming import has_uuid_shape, never_reserved, release, reservation_id, reserve, valid_name
from tests.support.given import provenance

ADA, BOB = UUID(int=1), UUID(int=2)
AN_ID = "0b0f3a52-5f6c-4a53-9a1e-0f6b8a0f5c11"


@pytest.mark.parametrize(
    "name", ["a", "x" * 255, "...", "Kunden Verlust 7%", "最良", "a-b_c.d", "👩‍🔬", "क्\u200cष", AN_ID[:-1]]
)
def test_most_text_is_a_name(name):
    assert valid_name(name) == name


def test_a_name_is_kept_in_its_normal_form_which_is_what_counts():
    assert valid_name("e\u0301" * 255) == "\u00e9" * 255


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x" * 256,
        ".",
        "..",
        "a/b",
        "a:b",
        "a\nb",
        "a\0b",
        "a\x7fb",
        "a\x85b",
        "\ud800",
        AN_ID,
        AN_ID.upper(),
        AN_ID.replace("-", ""),
        f"{{{AN_ID}}}",
        f"urn:uuid:{AN_ID}",
        AN_ID.replace("-", "", 2),
    ],
)
def test_a_name_can_be_taken_for_nothing_else(name):
    with pytest.raises(InvalidInput) as refused:
        valid_name(name, field="label")
    (problem,) = refused.value.problems
    assert (problem.field, problem.value) == ("label", name)


@pytest.mark.parametrize(
    "char", [*"\u00ad\u200b\u200e\u200f\u202a\u202e\u2028\u2029\u2060\u2066\u2069\ufeff", "\U000e0041"]
)
def test_no_two_names_look_the_same_for_what_cannot_be_seen(char):
    with pytest.raises(InvalidInput) as refused:
        valid_name(f"chu{char}rn")
    (problem,) = refused.value.problems
    assert problem.message == f"A name may not contain U+{ord(char):04X}, which cannot be seen: leave it out."


@pytest.mark.parametrize(
    ("field", "begin"), [("name", "A name "), ("alias", "An alias "), ("version", "A version ")]
)
def test_what_is_refused_is_called_what_the_request_calls_it(field, begin):
    with pytest.raises(InvalidInput) as refused:
        valid_name("a/b", field=field)
    assert refused.value.problems[0].message == f"{begin}may not contain '/', ':' or control characters."


@pytest.mark.parametrize("text", [AN_ID, AN_ID.upper(), AN_ID.replace("-", ""), f"{{{AN_ID}", f"urn:uuid:{AN_ID}"])
def test_what_has_the_shape_of_an_id_can_be_read_as_one(text):
    assert has_uuid_shape(text)
    assert UUID(text) == UUID(AN_ID)


@pytest.mark.parametrize("text", ["", "a", AN_ID[:-1], f"URN:UUID:{AN_ID}", "g" * 32, "\ud800" * 32])
def test_what_cannot_be_read_as_an_id_has_not_its_shape(text):
    assert not has_uuid_shape(text)


def test_a_name_of_a_kind_is_one_stream_however_it_is_spelled():
    assert reservation_id("model", "caf\u00e9") == reservation_id("model", "cafe\u0301")
    assert reservation_id("model", "a") != reservation_id("dataset", "a")
    assert reservation_id("model", "a") != reservation_id("model", "A")


def reserved(by_whom=ADA):
    free = never_reserved("model", "churn")
    event = reserve(
        free, name="churn", holder_id=by_whom, event=ModelNameReserved, taken=NameTaken, by=provenance()
    )
    return naming.evolve(free, event)


def test_a_free_name_can_be_reserved():
    free = never_reserved("model", "churn")
    assert (free.version, free.holder_id) == (0, None)
    state = reserved()
    assert (state.id, state.version, state.holder_id) == (free.id, 1, ADA)


@pytest.mark.parametrize("holder", [ADA, BOB])
def test_a_name_that_is_held_cannot_be_reserved(holder):
    with pytest.raises(NameTaken) as refused:
        reserve(
            reserved(), name="churn", holder_id=holder, event=ModelNameReserved, taken=NameTaken, by=provenance()
        )
    assert refused.value.code == "model.name-taken"
    assert refused.value.details == {"name": "churn", "id": str(ADA)}


def test_a_released_name_is_free_for_another():
    held = reserved()
    event = release(held, name="churn", holder_id=ADA, event=ModelNameReleased, by=provenance(1))
    free = naming.evolve(held, event)
    assert (free.version, free.holder_id, free.last_holder_id) == (2, None, ADA)
    again = reserve(free, name="churn", holder_id=BOB, event=ModelNameReserved, taken=NameTaken, by=provenance(2))
    taken = naming.evolve(free, again)
    assert (taken.holder_id, taken.last_holder_id) == (BOB, BOB)


def test_names_of_datasets_have_events_of_their_own():
    topics = {
        each.TOPIC for each in (ModelNameReserved, ModelNameReleased, DatasetNameReserved, DatasetNameReleased)
    }
    assert topics == {
        "model-name.reserved.v1",
        "model-name.released.v1",
        "dataset-name.reserved.v1",
        "dataset-name.released.v1",
    }
