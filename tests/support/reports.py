"""A report with something of everything, and text that would be dangerous if it were not escaped."""

from application.reports.clusters import Cluster, Clusters, Tried, Typical
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
    LabelFigures,
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
    target=HOSTILE,
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
    labels=[
        LabelFigures(
            label=HOSTILE,
            rows=4,
            predicted=0,
            precision=None,
            precision_low=None,
            precision_high=None,
            recall=0.75,
            recall_low=0.3,
            recall_high=0.95,
            f1=0.0,
        )
    ],
    residuals=Residuals(shares=[0.05, 0.5, 0.95], quantiles=[-1.0, 0.0, 2.0], mean=0.1),
    curves=Curves(
        roc=[Curve(label=HOSTILE, x=[0.0, 1.0], y=[0.0, 1.0], area=0.5)],
        precision_recall=[Curve(label=True, x=[1.0], y=[0.4], area=0.4, base=0.4)],
        calibration=Calibration(
            label=None, bins=[CalibrationBin(predicted=0.2, observed=0.3, rows=9, low=0.1, high=0.6)], error=0.1
        ),
        error_by_horizon=[HorizonError(step=1, rows=3, mae=1.0, rmse=2.0, baseline_mae=3.0)],
    ),
    importance=[Importance(feature=HOSTILE, gain=1.0, shap=0.4), Importance(feature="b", gain=None, shap=0.0)],
    slices=[
        Slice(
            feature=HOSTILE, value=HOSTILE, rows=10, metrics={"accuracy": 1.0}, intervals={"accuracy": (0.7, 1.0)}
        )
    ],
    notes=[HOSTILE],
)


def _typical(*, deviation: float | None, share: float) -> list[Typical]:
    return [
        Typical(feature=HOSTILE, mean=None, deviation=None, time=None, value=HOSTILE, share=share, missing=0.25),
        Typical(feature="age", mean=41.5, deviation=deviation, time=None, value=None, share=None, missing=0.0),
        Typical(
            feature="joined",
            mean=None,
            deviation=deviation,
            time="2024-05-06T07:08:09Z",
            value=None,
            share=None,
            missing=0.0,
        ),
        Typical(feature="member", mean=0.2, deviation=deviation, time=None, value=None, share=0.2, missing=0.0),
        Typical(feature="unknown", mean=None, deviation=None, time=None, value=None, share=None, missing=1.0),
    ]


def _cluster(number: int, *, rows: int, deviation: float) -> Cluster:
    return Cluster(
        cluster=number,
        rows=rows,
        share=rows / 30,
        share_low=0.1,
        share_high=0.9,
        silhouette=0.5 if rows else None,
        silhouette_low=0.4 if rows else None,
        silhouette_high=0.6 if rows else None,
        typical=_typical(deviation=deviation, share=0.6),
    )


OF_CLUSTERS = Report(
    model_type=ModelType.CLUSTERING,
    resamples=200,
    metrics=[Figure(name="silhouette", value=0.51234, low=0.49, high=0.53)],
    baseline=Baseline(summary="At random.", metrics={"silhouette": -0.00001}),
    production=Production(
        version="0.9.0",
        rows=30,
        metrics=[
            Difference(name="silhouette", value=0.51, production=0.4, difference=0.11, low=0.05, high=0.2),
            Difference(name="inertia", value=9.0, production=8.0, difference=1.0, low=0.5, high=1.5),
        ],
        has_seen=True,
        agreement=Figure(name="adjusted_rand", value=0.7, low=0.6, high=0.8),
        overlap=[[20, 0, 0], [3, 7, 0]],
    ),
    importance=[Importance(feature=HOSTILE, gain=None, shap=None, between=0.9, explained=None)],
    slices=[Slice(feature="city", value=None, rows=10, metrics={}, clusters=[0.25, 0.75])],
    clusters=Clusters(
        rows=30,
        sampled_rows=20,
        explained=0.625,
        shuffled_silhouette=0.21,
        clusters=[_cluster(0, rows=30, deviation=1.2), _cluster(1, rows=0, deviation=-0.7)],
        typical=_typical(deviation=0.0, share=0.5),
        tried=[
            Tried(clusters=2, silhouette=0.5, low=0.4, high=0.6, inertia=9.0, is_chosen=True),
            Tried(clusters=3, silhouette=None, low=None, high=None, inertia=5.0, is_chosen=False),
        ],
    ),
    notes=[],
)
