"""How often faults are tried: a little whenever tests run, `ML_FAULTS_SCALE` times as often in `make faults`."""

import os

import pytest


@pytest.fixture(scope="session")
def scale() -> int:
    return int(os.environ.get("ML_FAULTS_SCALE", "1"))
