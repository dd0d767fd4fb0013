"""The model in the directory served by BentoML, rows as lists."""

import bentoml
import lightgbm as lgb
import numpy as np


@bentoml.service(logging={"access": {"enabled": False}})
class Risk:
    """Predicts rows."""

    def __init__(self) -> None:
        self.booster = lgb.Booster(model_file="model.txt")

    @bentoml.api
    def predict(self, rows: np.ndarray) -> np.ndarray:
        return self.booster.predict(rows)
