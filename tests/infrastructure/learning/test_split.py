"""Which rows are held out."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.learning.split import split

fractions = st.floats(0.01, 0.5)
seeds = st.integers(0, 2**31 - 1)


@given(counts=st.lists(st.integers(1, 60), min_size=2, max_size=8), fraction=fractions, seed=seeds)
def test_classes_keep_their_shares_and_a_row_to_learn_from(counts: list[int], fraction: float, seed: int) -> None:
    counts = [*counts, 10]
    values = np.repeat(np.arange(len(counts)), counts).astype(np.float64)

    parts = split(values, fraction=fraction, seed=seed, is_classification=True)

    assert sorted([*parts.training, *parts.validation]) == list(range(len(values)))
    assert len(parts.validation) >= 1
    held_out = np.bincount(values[parts.validation].astype(np.int64), minlength=len(counts))
    for count, taken in zip(counts, held_out, strict=True):
        assert taken < count
        assert abs(taken - count * fraction) <= 1


@given(count=st.integers(10, 500), fraction=fractions, seed=seeds)
def test_numbers_are_held_out_by_chance(count: int, fraction: float, seed: int) -> None:
    values = np.arange(count, dtype=np.float64)

    parts = split(values, fraction=fraction, seed=seed, is_classification=False)

    assert sorted([*parts.training, *parts.validation]) == list(range(count))
    assert len(parts.validation) == math.ceil(count * fraction)


@given(seed=seeds, is_classification=st.booleans())
def test_the_same_seed_holds_out_the_same_rows(seed: int, is_classification: bool) -> None:
    values = np.arange(100, dtype=np.float64) % 3

    first, second = (split(values, fraction=0.2, seed=seed, is_classification=is_classification) for _ in "ab")

    assert first.validation.tolist() == second.validation.tolist()
