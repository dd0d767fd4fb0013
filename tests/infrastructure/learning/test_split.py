"""Which rows are held out."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.ports.work import WorkFailed
from infrastructure.learning.split import Grouped, Split, Stratified, Timed, Way, folds, held_out_once

fractions = st.floats(0.01, 0.5)
seeds = st.integers(0, 2**31 - 1)
counts = st.integers(2, 10)


def numbered(sizes: list[int]) -> np.ndarray:
    """Return a number for each row: so many rows for each, mixed."""
    numbers = np.repeat(np.arange(len(sizes)), sizes)
    return np.random.default_rng(0).permutation(numbers)


def rows_of(parts: Split) -> list[int]:
    return sorted([*parts.training, *parts.validation])


@given(sizes=st.lists(st.integers(1, 60), min_size=2, max_size=8), fraction=fractions, seed=seeds)
def test_classes_keep_their_shares_and_a_row_to_learn_from(sizes: list[int], fraction: float, seed: int) -> None:
    sizes = [*sizes, 10]
    codes = numbered(sizes)

    parts = held_out_once(len(codes), Stratified(codes=codes), fraction=fraction, seed=seed)

    assert rows_of(parts) == list(range(len(codes)))
    assert len(parts.validation) >= 1
    held_out = np.bincount(codes[parts.validation], minlength=len(sizes))
    for count, taken in zip(sizes, held_out, strict=True):
        assert taken < count
        assert abs(taken - count * fraction) <= 1


@given(count=st.integers(10, 500), fraction=fractions, seed=seeds)
def test_numbers_are_held_out_by_chance(count: int, fraction: float, seed: int) -> None:
    parts = held_out_once(count, None, fraction=fraction, seed=seed)

    assert rows_of(parts) == list(range(count))
    assert len(parts.validation) == math.ceil(count * fraction)


@given(sizes=st.lists(st.integers(1, 30), min_size=2, max_size=12), fraction=fractions, seed=seeds)
def test_groups_are_held_out_whole_and_one_is_learned_from(sizes: list[int], fraction: float, seed: int) -> None:
    groups = numbered([*sizes, 10])

    parts = held_out_once(len(groups), Grouped(groups=groups), fraction=fraction, seed=seed)

    assert rows_of(parts) == list(range(len(groups)))
    assert not set(groups[parts.training]) & set(groups[parts.validation])
    assert len(parts.training)
    assert len(parts.validation)
    # the last group taken is the one that made it enough, unless all but one were taken
    assert len(parts.validation) < len(groups) * fraction + 1 + max(*sizes, 10)


@given(sizes=st.lists(st.integers(1, 30), min_size=2, max_size=12), fraction=fractions, seed=seeds)
def test_what_is_held_out_in_time_lies_after_all_that_is_learned_from(
    sizes: list[int], fraction: float, seed: int
) -> None:
    times = numbered([*sizes, 10]).astype(np.float64)

    parts = held_out_once(len(times), Timed(times=times), fraction=fraction, seed=seed)

    assert rows_of(parts) == list(range(len(times)))
    assert times[parts.training].max() < times[parts.validation].min()
    assert abs(len(parts.validation) - math.ceil(len(times) * fraction)) <= max(*sizes, 10)


@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=8), count=counts, seed=seeds)
def test_in_folds_each_row_is_held_out_once_but_those_alone_with_their_label(
    sizes: list[int], count: int, seed: int
) -> None:
    codes = numbered([*sizes, 10])
    is_alone = np.bincount(codes)[codes] == 1

    for way in (Stratified(codes=codes), None):
        parts = folds(len(codes), way, count=count, seed=seed)

        held_out = np.concatenate([each.validation for each in parts])
        assert sorted(held_out) == np.flatnonzero(~is_alone if way else codes >= 0).tolist()
        assert all(rows_of(each) == list(range(len(codes))) for each in parts)
        lengths = [len(each.validation) for each in parts]
        assert max(lengths) - min(lengths) <= 1
        assert min(lengths) >= 1


@given(sizes=st.lists(st.integers(2, 40), min_size=2, max_size=6), count=counts, seed=seeds)
def test_folds_have_their_share_of_each_label(sizes: list[int], count: int, seed: int) -> None:
    codes = numbered([*sizes, 10])

    for parts in folds(len(codes), Stratified(codes=codes), count=count, seed=seed):
        held_out = np.bincount(codes[parts.validation], minlength=len(sizes) + 1)
        assert all(abs(taken - size / count) < 1 for taken, size in zip(held_out, [*sizes, 10], strict=True))
        assert set(codes[parts.training]) == set(range(len(sizes) + 1))


@given(sizes=st.lists(st.integers(1, 30), min_size=9, max_size=20), count=counts, seed=seeds)
def test_groups_are_in_one_fold_each(sizes: list[int], count: int, seed: int) -> None:
    groups = numbered([*sizes, 10])

    parts = folds(len(groups), Grouped(groups=groups), count=count, seed=seed)

    assert sorted(np.concatenate([each.validation for each in parts])) == list(range(len(groups)))
    for each in parts:
        assert len(each.validation)
        assert rows_of(each) == list(range(len(groups)))
        assert not set(groups[each.training]) & set(groups[each.validation])


@given(sizes=st.lists(st.integers(1, 30), min_size=11, max_size=20), count=counts, seed=seeds)
def test_folds_in_time_roll_on_and_never_look_ahead(sizes: list[int], count: int, seed: int) -> None:
    times = numbered([*sizes, 10]).astype(np.float64)

    parts = folds(len(times), Timed(times=times), count=count, seed=seed)

    assert len(parts) == count
    for each in parts:
        assert times[each.training].max() < times[each.validation].min()
    for before, after in pairwise(parts):
        assert sorted([*before.training, *before.validation]) == after.training.tolist()
    assert rows_of(parts[-1]) == list(range(len(times)))


@given(seed=seeds, count=counts)
def test_the_same_seed_holds_out_the_same_rows(seed: int, count: int) -> None:
    codes = np.arange(100) % 12
    ways: list[Way] = [None, Stratified(codes=codes), Grouped(groups=codes)]
    for way in ways:
        first, second = (held_out_once(100, way, fraction=0.2, seed=seed) for _ in "ab")
        assert first.validation.tolist() == second.validation.tolist()
        firsts, seconds = (folds(100, way, count=count, seed=seed) for _ in "ab")
        assert [each.validation.tolist() for each in firsts] == [each.validation.tolist() for each in seconds]


@pytest.mark.parametrize(
    ("way", "code"),
    [
        (Stratified(codes=np.arange(12)), "training.too-few-rows"),
        (Grouped(groups=np.zeros(12, dtype=np.int64)), "training.too-few-groups"),
        (Timed(times=np.zeros(12)), "training.too-few-instants"),
    ],
)
def test_what_cannot_be_parted_says_why(way: Way, code: str) -> None:
    for part in (
        lambda: held_out_once(12, way, fraction=0.2, seed=0),
        lambda: folds(12, way, count=2, seed=0),
    ):
        with pytest.raises(WorkFailed) as failure:
            part()
        assert failure.value.code == code
