"""The frozen map is a dictionary whose every generation stays as it was."""

from hypothesis import given
from hypothesis import strategies as st

from domain.frozen_map import FrozenMap, frozen

KEYS = st.integers(0, 400)
CHANGES = st.lists(
    st.tuples(st.sampled_from(["with", "with", "with", "without"]), KEYS, st.integers()), max_size=50
)


@given(first=st.dictionaries(KEYS, st.integers(), max_size=300), changes=CHANGES)
def test_it_is_what_a_dictionary_would_be_and_stays_so(first, changes):
    generations = [(FrozenMap(first), dict(first))]
    for change, key, value in changes:
        held, expected = generations[-1]
        if change == "with":
            generations.append((held.with_item(key, value), {**expected, key: value}))
        else:
            generations.append((held.without(key), {each: old for each, old in expected.items() if each != key}))
    for held, expected in generations:
        assert list(held.items()) == list(expected.items())
        assert len(held) == len(expected)
        assert held == expected
        assert all((key in held) == (key in expected) for key in range(0, 400, 37))


def test_it_grows_past_what_it_holds_apart():
    held: FrozenMap[int, int] = FrozenMap()
    for number in range(1_000):
        held = held.with_item(number, -number).with_item(number, number)
    assert held == {number: number for number in range(1_000)}
    assert list(held) == list(range(1_000))


def test_it_does_not_follow_what_it_was_made_of():
    entries = {1: 1}
    held = FrozenMap(entries)
    entries[2] = 2
    assert held == {1: 1}
    assert frozen(held) is held
    assert repr(held) == "FrozenMap({1: 1})"
