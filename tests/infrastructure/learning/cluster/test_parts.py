"""Which rows of a file each worker of a cluster gets."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from infrastructure.learning.cluster.parts import deal


@given(rows_of_groups=st.lists(st.integers(0, 1_000), min_size=1, max_size=30), shares=st.integers(1, 9))
def test_each_row_is_dealt_out_once(rows_of_groups: list[int], shares: int) -> None:
    dealt = deal(rows_of_groups, shares)

    assert len(dealt) == shares
    rows = [
        (each.row_group, place) for each in chain.from_iterable(dealt) for place in range(each.start, each.stop)
    ]
    assert sorted(rows) == [(group, place) for group, count in enumerate(rows_of_groups) for place in range(count)]


@given(rows_of_groups=st.lists(st.integers(0, 1_000), min_size=1, max_size=30), shares=st.integers(1, 9))
def test_all_get_about_as_many_rows_from_all_over_the_file(rows_of_groups: list[int], shares: int) -> None:
    total = sum(rows_of_groups)
    dealt = [sum(each.stop - each.start for each in slices) for slices in deal(rows_of_groups, shares)]

    assert max(dealt) - min(dealt) <= total / (8 * shares) + 1
    if total >= 16 * shares:
        firsts = [
            min(slices, key=lambda each: (each.row_group, each.start)) for slices in deal(rows_of_groups, shares)
        ]
        places = [sum(rows_of_groups[: each.row_group]) + each.start for each in firsts]
        assert max(places) <= total / 4


def test_row_groups_are_cut_only_where_they_are_too_few() -> None:
    many = deal([100] * 32, shares=2)
    assert [each.stop - each.start for slices in many for each in slices] == [100] * 32

    one = deal([3_200], shares=2)
    assert [len(slices) for slices in one] == [8, 8]
