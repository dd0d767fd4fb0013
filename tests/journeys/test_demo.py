import time
from pathlib import Path

import httpx
import pytest

from tests.support.service import JOB_S, RunningService, running_service

pytestmark = pytest.mark.slow


def in_production(service: RunningService) -> dict[str, str]:
    return {
        model["name"]: model["production_version"]
        for model in service.get("/models")["items"]
        if model["production_version"] is not None
    }


def test_the_demo_trains_and_promotes_models_on_real_data_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running_service(home, "--demo") as service:
        deadline = time.monotonic() + JOB_S
        while len(in_production(service)) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        first = in_production(service)
        assert set(first) == {"breast_cancer", "wine", "diabetes"}
        head = service.get("/events", limit=1000)["next_after"]
    with running_service(home, "--demo") as service:
        time.sleep(3)
        assert in_production(service) == first
        assert service.get("/events", after=head)["items"] == []
        assert httpx.get(f"{service.url}/health/ready", trust_env=False).status_code == httpx.codes.OK
