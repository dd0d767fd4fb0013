"""A page token leads to its place in its own list, and to none other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from interfaces.http.paging import Place, page_token, place_of

_numbers = st.integers(0, 2**63 - 1)


@given(_numbers, _numbers, st.text())
def test_a_token_leads_to_the_place_it_was_given_for(position, offset, of):
    place = Place(position=position, offset=offset)
    assert place_of(page_token(place, of=of), of=of) == place


@given(_numbers, _numbers, st.data())
def test_a_token_that_was_changed_is_refused(position, offset, data):
    token = page_token(Place(position=position, offset=offset), of="models")
    index = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda char: char != token[index]))
    with pytest.raises(InvalidInput):
        place_of(token[:index] + other + token[index + 1 :], of="models")


@pytest.mark.parametrize("place", [Place(position=2**63, offset=0), Place(position=0, offset=2**64 - 1)])
def test_a_token_of_a_place_that_no_log_has_is_refused(place):
    with pytest.raises(InvalidInput):
        place_of(page_token(place, of="models"), of="models")


@given(st.text())
def test_a_token_that_was_made_up_is_refused(token):
    with pytest.raises(InvalidInput):
        place_of(token, of="models")


def test_a_token_of_another_list_is_refused():
    with pytest.raises(InvalidInput):
        place_of(page_token(Place(position=1, offset=2), of="models"), of="datasets")
