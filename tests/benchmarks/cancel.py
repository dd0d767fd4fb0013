"""How soon a training that is cancelled has stopped, its process and all, however long its iterations are."""

import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from tests.benchmarks.measure import Figure, at_most, percentile, scratch, spread
from tests.support.data import endless
from tests.support.processes import eventually
from tests.support.service import RunningService, running_service

ROWS, COLUMNS = 200_000, 50
LONG_ROUND = {"num_leaves": 20_000, "min_data_in_leaf": 1, "max_bin": 255, "num_iterations": 1_000}
"""One round of these takes several seconds."""
MOMENTS_S = (0.0, 2.5)
"""After its start a job is cancelled at some moment between these: while it loads libraries, reads, or learns."""
CANCELLED_SHORT, CANCELLED_LONG = 70, 30


def run() -> list[Figure]:
    """Measure from the request to cancel a running job until it is read as cancelled."""
    chance = random.Random(0)
    with scratch() as directory, running_service(directory / "home") as service:
        table, short = endless()
        service.upload("short", table.write(directory), table.target)
        service.upload("long", _written(directory), "target")
        service.post("/models", {"name": "model", "type": "regression"})
        took_s = {
            "rounds of milliseconds": [
                _cancelled(service, "short", short, chance) for _ in range(CANCELLED_SHORT)
            ],
            "rounds of seconds": [_cancelled(service, "long", LONG_ROUND, chance) for _ in range(CANCELLED_LONG)],
        }
    everything = [each for some in took_s.values() for each in some]
    return [
        *(
            Figure(f"cancelled during {rounds}, {len(some)} times", spread([each * 1e3 for each in some], "ms"))
            for rounds, some in took_s.items()
        ),
        at_most(f"p99 of all {len(everything)}", percentile(everything, 99), 5, "s"),
    ]


def _cancelled(service: RunningService, dataset: str, settings: dict[str, Any], chance: random.Random) -> float:
    job = service.train("model", dataset, **settings)
    path = f"/training-jobs/{job['id']}"
    assert eventually(lambda: service.get(path)["status"] == "running")
    time.sleep(chance.uniform(*MOMENTS_S))
    begin = time.perf_counter()
    service.post(f"{path}/cancel", None).raise_for_status()
    ended = service.ended(job)
    took_s = time.perf_counter() - begin
    assert ended["status"] == "cancelled", ended
    return took_s


def _written(directory: Path) -> Path:
    chance = np.random.default_rng(0)
    rows = chance.normal(size=(ROWS, COLUMNS))
    columns = {**{f"x{index}": rows[:, index] for index in range(COLUMNS)}, "target": chance.normal(size=ROWS)}
    path = directory / "rows.csv"
    pa_csv.write_csv(pa.table(columns), path)
    return path
