"""A report with something of everything, and text that would be dangerous if it were not escaped."""

from application.reports.views import (
    Baseline,
    Calibration,
    CalibrationBin,
    Confusion,
    Curve,
    Curves,
    Difference,
    Figure,
    HorizonError,
    Importance,
    Production,
    Report,
    Residuals,
    Slice,
)
from domain.models.values import ModelType

HOSTILE = '"><script>alert("x")</script>&'
REPORT = Report(
    model_type=ModelType.CLASSIFICATION,
    rows=20_000,
    sampled_rows=10_000,
    resamples=200,
    metrics=[
        Figure(name="auc", value=0.93, low=0.91, high=0.95),
        Figure(name=HOSTILE, value=1e9, low=None, high=None),
    ],
    baseline=Baseline(summary=HOSTILE, metrics={"auc": 0.5}),
    production=Production(
        version="0.9.0",
        rows=7,
        metrics=[Difference(name="auc", value=0.93, production=0.9, difference=0.03, low=-0.01, high=0.07)],
    ),
    confusion=Confusion(labels=[HOSTILE, "b"], has_others=True, counts=[[3, 0, 1], [0, 0, 0], [1, 1, 1]]),
    residuals=Residuals(shares=[0.05, 0.5, 0.95], quantiles=[-1.0, 0.0, 2.0], mean=0.1),
    curves=Curves(
        roc=[Curve(label=HOSTILE, x=[0.0, 1.0], y=[0.0, 1.0])],
        precision_recall=[Curve(label=True, x=[1.0], y=[0.4])],
        calibration=Calibration(label=None, bins=[CalibrationBin(predicted=0.2, observed=0.3, rows=9)]),
        error_by_horizon=[HorizonError(step=1, rows=3, mae=1.0, rmse=2.0, baseline_mae=3.0)],
    ),
    importance=[Importance(feature=HOSTILE, gain=1.0, shap=0.4), Importance(feature="b", gain=None, shap=0.0)],
    slices=[Slice(feature="city", value=HOSTILE, rows=10, metrics={"accuracy": 1.0})],
    notes=[HOSTILE],
)
