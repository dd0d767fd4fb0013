"""`lightgbm.train` alone, in a process of its own: `python -m tests.benchmarks.plain_training DIRECTORY ROUNDS`.

It has the rows in memory before the clock starts, computes no metrics afterwards and writes nothing.
"""

import json
import sys
import time
from pathlib import Path

import lightgbm as lgb
import numpy as np

from infrastructure.system.peak_memory import peak_memory_bytes

PARAMETERS = {"learning_rate": 0.02, "num_leaves": 63}
THREADS = 1


def main(directory: Path, rounds: int) -> None:
    """Train on what lies in the directory, and print how long it took and how much memory."""
    parts = ("training-rows", "training-target", "held-out-rows", "held-out-target")
    rows, target, held_out_rows, held_out_target = (np.load(directory / f"{part}.npy") for part in parts)
    parameters = {
        **PARAMETERS,
        "objective": "regression",
        "metric": "rmse",
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
        "num_threads": THREADS,
    }
    begin = time.perf_counter()
    learned = lgb.Dataset(rows, target)
    held_out = lgb.Dataset(held_out_rows, held_out_target, reference=learned)
    lgb.train(parameters, learned, rounds, valid_sets=[held_out])
    print(json.dumps({"s": time.perf_counter() - begin, "peak_bytes": peak_memory_bytes()}))  # noqa: T201 - its answer


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
