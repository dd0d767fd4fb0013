"""LightGBM alone, in a loop on rows that are in memory as it wants them: what a server could reach at best."""

import time
from collections.abc import Sequence
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from infrastructure.learning.bare_lightgbm import lightgbm as lgb
from tests.benchmarks.serving.cores import SERVER_CORE, on_core


def rows_per_second(
    text: str, batches: Sequence[NDArray[np.float64]], *, seconds: float, explained: bool = False
) -> float:
    """Return how many rows a second one thread predicts or explains, on the core that servers have."""
    booster = lgb.Booster(model_str=text)
    count = 0
    with on_core(SERVER_CORE):
        began = time.perf_counter()
        for batch in cycle(batches):
            booster.predict(batch, num_threads=1, pred_contrib=explained)
            count += len(batch)
            took_s = time.perf_counter() - began
            if took_s > seconds:
                return count / took_s
    raise AssertionError("there are no batches")
