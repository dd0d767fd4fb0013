"""What every source of ids does."""

import pytest

from application.ports.identity import Identity
from infrastructure.system.identity import RandomIdentity
from tests.support.fakes.identity import CountingIdentity


@pytest.mark.parametrize("identity", [RandomIdentity(), CountingIdentity()], ids=lambda each: type(each).__name__)
def test_ids_are_never_given_twice(identity: Identity) -> None:
    ids = [identity.new_id() for _ in range(1_000)]

    assert len(set(ids)) == len(ids)
    assert all(each.version == 4 for each in ids)
