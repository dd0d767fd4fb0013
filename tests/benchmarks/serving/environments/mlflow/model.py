"""`python model.py with|without`: save the model here as MLflow serves it, with a signature or not."""

import sys

import lightgbm as lgb
import mlflow.lightgbm
import pandas as pd
from mlflow.models import infer_signature

booster = lgb.Booster(model_file="model.txt")
names = booster.feature_name()
frame = pd.DataFrame([[0.5] * len(names)], columns=names)
signature = infer_signature(frame, booster.predict(frame)) if sys.argv[1] == "with" else None
mlflow.lightgbm.save_model(booster, "model", signature=signature, pip_requirements=[])
