"""Packed versions are a dictionary of versions whose every generation stays as it was, wherever it was packed."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.models.values import ModelStatus
from domain.models.versions import Columns, Numbers, Version, Versions
from tests.support.examples import examples

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
IDS = st.integers(0, 300).map(lambda number: UUID(int=number << 64 | number))
NUMBERS_OF_ANY_KIND = st.text(min_size=1, max_size=8)
CHANGES = st.lists(
    st.tuples(IDS, st.sampled_from(ModelStatus), st.datetimes(timezones=st.just(UTC)), st.booleans()), max_size=300
)


def version(place: int, number: str | None = None) -> Version:
    return Version(
        id=UUID(int=1_000 + place),
        number=f"1.{place}.0" if number is None else number,
        status=ModelStatus.STAGING,
        registered_at=place + 2,
        updated_at=NOON + timedelta(microseconds=place),
    )


def of(count: int) -> Versions:
    versions = Versions()
    for place in range(count):
        versions = versions.with_version(version(place))
    return versions


@given(changes=CHANGES)
@settings(max_examples=examples(15))
def test_they_are_what_a_dictionary_would_be_and_stay_so(changes):
    generations = [(Versions(), {})]
    for version_id, status, at, is_repacked in changes:
        held, expected = generations[-1]
        known = expected.get(version_id)
        if known is None:
            new = Version(
                id=version_id, number=f"n{len(held)}", status=status, registered_at=len(held), updated_at=at
            )
            following = held.with_version(new), {**expected, version_id: new}
        else:
            moved = known.model_copy(update={"status": status, "updated_at": at})
            following = held.with_move(version_id, status, at=at), {**expected, version_id: moved}
        generations.append(
            (Versions(Columns(*following[0].columns().parts)), following[1]) if is_repacked else following
        )
    for held, expected in generations[:: max(1, len(generations) // 10)]:
        assert list(held.items()) == list(expected.items())
        assert held == expected
        assert len(held) == len(expected)
        assert dict(Numbers(held)) == {each.number: each.id for each in expected.values()}


@given(numbers=st.lists(NUMBERS_OF_ANY_KIND, max_size=20, unique=True), sought=NUMBERS_OF_ANY_KIND)
def test_a_number_of_whatever_text_is_found_as_itself_and_as_nothing_else(numbers, sought):
    versions = Versions()
    for place, number in enumerate(numbers):
        versions = versions.with_version(version(place, number))
    packed = Versions(versions.columns())
    for held in (versions, packed):
        assert list(Numbers(held)) == numbers
        assert held.id_of(sought) == (version(numbers.index(sought)).id if sought in numbers else None)


@pytest.mark.parametrize("sought", ["", "\n", "1.0.0\n1.1.0", '"1.0.0"', "1.0", "1.0.0 ", "1.0.0\r", "\ud800"])
def test_a_number_that_only_resembles_others_is_nobodys(sought):
    assert Versions(of(3).columns()).id_of(sought) is None


def test_a_version_that_is_not_there_is_missed():
    with pytest.raises(KeyError):
        of(3)[UUID(int=1)]
    with pytest.raises(KeyError):
        Numbers(of(3))["9.9.9"]


def test_a_version_moves_also_after_it_was_packed():
    versions = Versions(of(300).columns()).with_move(version(7).id, ModelStatus.PRODUCTION, at=NOON)
    assert versions[version(7).id].status is ModelStatus.PRODUCTION
    assert Versions(versions.columns()) == versions
    assert versions != of(300)


@pytest.mark.parametrize("at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_any_instant_is_kept_to_the_microsecond(at):
    packed = Versions(of(1).with_move(version(0).id, ModelStatus.ARCHIVED, at=at).columns())
    assert packed[version(0).id].updated_at == at


def test_ten_thousand_are_forty_five_bytes_each():
    assert sum(len(part) for part in of(10_000).columns().parts) < 450_000


def test_an_id_registered_again_means_the_newer_version_packed_or_not():
    twice = version(1, "2.0.0").model_copy(update={"id": version(0).id})
    versions = of(1).with_version(twice)
    later = Versions(of(1).columns()).with_version(twice)
    assert versions == later == Versions(versions.columns())
    assert versions[version(0).id] == later[version(0).id] == twice
