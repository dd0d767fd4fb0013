"""Intervals that hold what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.learning.conformal import half_width, half_widths


@given(
    errors=st.lists(st.floats(0, 1e6), min_size=20, max_size=200),
    share=st.sampled_from([0.5, 0.8, 0.9]),
    seed=st.integers(0, 2**31 - 1),
)
def test_of_exchangeable_errors_at_least_the_share_is_held(errors, share, seed):
    """Left out one after the other, so many of them lie within what the others say."""
    sizes = np.random.default_rng(seed).permutation(errors)
    held = [sizes[place] <= half_width(np.delete(sizes, place), share) for place in range(len(sizes))]

    assert np.mean(held) >= share - 1e-9


def test_the_width_is_an_error_and_the_largest_one_where_there_are_too_few():
    assert half_width(np.arange(1.0, 101.0), 0.9) == 91.0
    assert half_width(np.array([3.0, 1.0]), 0.9) == 3.0


def test_each_step_has_the_width_of_its_own_errors_and_few_are_helped_by_their_neighbours():
    steps = np.repeat([1, 2, 3], [50, 50, 1])
    sizes = np.concatenate([np.full(50, 1.0), np.full(50, 2.0), [9.0]])

    widths = half_widths(sizes, steps, horizon=4, share=0.9)

    assert widths.tolist()[:3] == pytest.approx([1.0, 2.0, 2.0])
    assert len(widths) == 4
