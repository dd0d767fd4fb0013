"""What a process of its own is given."""

import pytest

from infrastructure.system.ordered_process import OrderedProcess
from infrastructure.system.orders import ProcessOrder
from tests.support.telling_process import Environment

ENOUGH_S = 60.0


def test_a_process_that_reads_what_others_wrote_is_told_no_setting_of_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ML_SERVICE_DATABASE_URL", "postgresql://user:secret@db/ml")
    monkeypatch.setenv("ML_SERVICE_NATS_URL", "nats://secret@nats:4222")
    monkeypatch.setenv("AWS_PROFILE", "models")
    with OrderedProcess(
        module="tests.support.telling_process", order=ProcessOrder(), environment={"OMP_NUM_THREADS": "1"}
    ) as process:
        line = process.next_line(timeout_s=ENOUGH_S)
    assert line is not None
    given = Environment.model_validate_json(line).variables
    assert not any(name.startswith("ML_SERVICE_") for name in given)
    assert "secret" not in "".join(given.values())
    assert given["AWS_PROFILE"] == "models"  # by which it finds the artifacts
    assert given["OMP_NUM_THREADS"] == "1"
