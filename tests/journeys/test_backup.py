"""A service is backed up while it works, restored elsewhere, and predicts the same to the last bit."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from interfaces.maintenance import ServiceMaintenance
from interfaces.settings import Settings
from tests.support import data
from tests.support.service import RunningService, running_service

pytestmark = pytest.mark.slow

TABLE = data.wine()


def maintenance(home: Path) -> ServiceMaintenance:
    return ServiceMaintenance(Settings(home=home))


def predictions(service: RunningService) -> Any:
    features = [name for name in TABLE.cells if name != TABLE.target]
    instances = [{name: TABLE.cells[name][row] for name in features} for row in range(100)]
    answer = service.post("/inference", {"model_id": TABLE.name, "features": instances})
    assert answer.status_code == httpx.codes.OK, answer.text
    return answer.json()["results"]


def silent(_what: str, _done: int, _of: int | None) -> None:
    """Show nobody the progress."""


def test_a_restored_service_verifies_and_predicts_bit_for_bit(tmp_path: Path) -> None:
    home, elsewhere, backup = tmp_path / "home", tmp_path / "elsewhere", tmp_path / "backup"
    with running_service(home) as service:
        service.upload(TABLE.name, TABLE.write(tmp_path), TABLE.target)
        service.post("/models", {"name": TABLE.name, "type": TABLE.model_type})
        service.ended(service.train(TABLE.name, TABLE.name, num_iterations=20))
        service.promote(TABLE.name, "1.0.0")
        maintenance(home).checkpoint()
        copied = maintenance(home).back_up(backup, on_step=silent)
        assert copied.findings == []
        expected = predictions(service)
        events = service.get("/events", limit=1_000)["items"]

    maintenance(elsewhere).restore(backup, public_keys=(), on_step=silent)
    with running_service(elsewhere) as restored:
        assert predictions(restored) == expected
        assert restored.get("/events", limit=1_000)["items"] == events
        restored.post("/models", {"name": "another", "type": "regression"})
        verified = maintenance(elsewhere).verify(None, public_keys=(), on_step=silent)
        assert verified.events == len(restored.get("/events", limit=1_000)["items"]) > len(events)
        assert verified.checkpoints >= 1
