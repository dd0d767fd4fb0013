"""How often faults are tried: a little whenever tests run, `ML_FAULTS_SCALE` times as often in `make faults`."""

import pytest

from tests.support.examples import SCALE


@pytest.fixture(scope="session")
def scale() -> int:
    return SCALE
