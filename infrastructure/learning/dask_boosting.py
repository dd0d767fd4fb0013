"""Growing trees on a Dask cluster, from the row groups of a Parquet file that no process holds as a whole.

Rounds are not told while they are done, and none is left out: LightGBM's early stopping hangs there. All of them
are done, and then held one after the other against a sample of rows that nobody learned from.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask.array as da
import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from dask.delayed import delayed
from distributed import Client
from numpy.typing import NDArray

from application.ports.trainer import Iteration
from application.ports.work import WorkFailed
from domain.datasets.values import ColumnType
from domain.inference.values import Feature, FeatureType, Label
from domain.models.values import ModelType
from domain.training.values import TrainingPlan
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.datasets.value_types import VALUE_TYPES
from infrastructure.learning.boosting import DIVERGED, Grown
from infrastructure.learning.dask_parts import Part, Seen, encoded, look, targets
from infrastructure.learning.dates import Layout
from infrastructure.learning.encoding import CATEGORIES_MAX, EncodedTarget, encode_rows, encode_target
from infrastructure.learning.objectives import Objective, Parameters, objective_for, parameters_for
from infrastructure.learning.trained import OnIteration
from infrastructure.learning.trainers.holding_out import tabular_settings
from infrastructure.learning.trainers.tabular import Learned

Floats = NDArray[np.float64]

SAMPLE_MAX = 100_000
"""So many rows are held out at most, all parts together: the only ones that the training's own process sees."""

NOTE = "The trees were grown on a cluster: trained again, they may differ in what rounding makes of sums."

_PATIENCE_S = 20
_TIME_OUT_MINUTES = 2
_OF_THIS_RUN = re.compile(r"^\[(num_threads|local_listen_port|num_machines|time_out): [^\]]*\]$", re.MULTILINE)
_MACHINES = re.compile(r"^\[machines: [^\]]*\]$", re.MULTILINE)


def learn_on_cluster(
    plan: TrainingPlan, dataset: Path, *, artifacts: ArtifactPlace, address: str, on_iteration: OnIteration
) -> tuple[Learned, tuple[Label, ...] | None, Floats]:
    """Grow trees on a cluster whose workers run this program and reach the artifacts.

    Args:
        plan: Says what is learned from what.
        dataset: The Parquet file; only its footer is read here.
        artifacts: Where the workers find it.
        address: Of the cluster's scheduler.
        on_iteration: Told of the rounds when all are done.

    Returns:
        The trees; the labels, None for numbers; and of each label how many rows were learned from, of numbers
        their mean.

    Raises:
        WorkFailed: The cluster cannot be reached or fails, or the data cannot be learned; the code says why.
    """
    settings = tabular_settings(plan)
    with _client(address) as client:
        parts = _parts(plan, dataset, artifacts=artifacts, workers=sorted(client.scheduler_info()["workers"]))
        seen: Sequence[Seen] = client.gather(
            [client.submit(look, part, workers=[worker], pure=False) for part, worker in parts]
        )
        features = _features(plan, seen)
        labels, target, known = _target(plan, seen)
        objective = objective_for(None if target.labels is None else len(target.labels))
        parameters = parameters_for(objective, settings)
        booster = _fitted(client, parts, seen, features=features, labels=labels, parameters=parameters)
    held_out = pa.concat_tables([each.held_out for each in seen])
    assert plan.target is not None, "what is learned is a column"
    truth = targets(held_out.column(plan.target.name), labels)
    held_out = held_out.filter(pa.array(~np.isnan(truth)))
    truth = truth[~np.isnan(truth)]
    grown = _cut(
        booster,
        Layout([feature.type for feature in features]).rows(encode_rows(features, held_out)),
        truth,
        objective=objective,
        is_cut=settings.early_stopping_rounds > 0,
        on_iteration=on_iteration,
    )
    learned = Learned(
        features=features,
        parameters=parameters,
        grown=grown,
        rows=sum(each.rows for each in seen),
        is_in_folds=False,
        table=held_out.select([column.name for column in plan.columns]),
        truth=truth,
        notes=(NOTE,),
    )
    return learned, target.labels, known


@contextmanager
def _client(address: str) -> Iterator[Client]:
    try:
        client = Client(address, timeout=_PATIENCE_S)
    except (OSError, ValueError) as error:
        message = f"The Dask cluster at {address} cannot be reached: {error} Start it, then train again."
        raise WorkFailed(message, code="training.cluster-unreachable") from error
    try:
        client.wait_for_workers(1, timeout=_PATIENCE_S)
        yield client
    except (WorkFailed, MemoryError):
        raise
    except Exception as error:  # what a worker raised, and what becomes of one that dies
        message = f"The training on the Dask cluster at {address} failed: {type(error).__name__}: {error}"
        raise WorkFailed(message[:2_000], code="training.cluster-failed") from error
    finally:
        client.close()


def _parts(
    plan: TrainingPlan, dataset: Path, *, artifacts: ArtifactPlace, workers: Sequence[str]
) -> list[tuple[Part, str]]:
    """Return a part of about as many rows for each worker, each of row groups that follow each other."""
    metadata = pq.ParquetFile(dataset).metadata
    ends = np.cumsum([metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)])
    owners = np.minimum((ends - 1) * len(workers) // max(1, int(ends[-1])), len(workers) - 1)
    shares = [tuple(np.flatnonzero(owners == place).tolist()) for place in range(len(workers))]
    given = [(share, worker) for share, worker in zip(shares, workers, strict=True) if share]
    return [
        (
            Part(
                artifacts=artifacts,
                plan=plan,
                row_groups=share,
                number=number,
                held_out_max=SAMPLE_MAX // len(given),
            ),
            worker,
        )
        for number, (share, worker) in enumerate(given)
    ]


def _features(plan: TrainingPlan, seen: Sequence[Seen]) -> tuple[Feature, ...]:
    """Return the features as all parts together show them, by the rules of `encode_feature`."""
    features = []
    for column in plan.features:
        categories = None
        if column.type is ColumnType.CATEGORICAL:
            counts = _added(seen, column.name)
            kept = sorted(counts, key=lambda value: (-counts[value], value))[:CATEGORIES_MAX]
            categories = tuple(str(value) for value in kept)
        features.append(Feature(name=column.name, type=FeatureType(column.type.value), categories=categories))
    return tuple(features)


def _target(plan: TrainingPlan, seen: Sequence[Seen]) -> tuple[pa.Array | None, EncodedTarget, Floats]:
    """Return the labels as values; what is learned, told by its distinct values or its extent; and how it lies."""
    assert plan.target is not None, "what is learned is a column"
    kind = VALUE_TYPES[plan.target.type]
    if plan.model_type is ModelType.REGRESSION:
        extents = [each.extent for each in seen if each.rows]
        ends = [min(each[0] for each in extents), max(each[1] for each in extents)] if extents else []
        target = encode_target(plan.model_type, plan.target, pa.chunked_array([ends], type=kind))
        mean = math.fsum(each.total for each in seen) / sum(each.rows for each in seen)
        return None, target, np.array([mean])
    counts = _added(seen, plan.target.name)
    labels = pa.array(sorted(counts), type=kind)
    target = encode_target(plan.model_type, plan.target, pa.chunked_array([labels]))
    return labels, target, np.array([counts[each] for each in labels.to_pylist()], dtype=np.float64)


def _added(seen: Sequence[Seen], name: str) -> Counter[Any]:
    counts: Counter[Any] = Counter()
    for each in seen:
        counts.update(each.counts[name])
    return counts


def _fitted(
    client: Client,
    parts: Sequence[tuple[Part, str]],
    seen: Sequence[Seen],
    *,
    features: tuple[Feature, ...],
    labels: pa.Array | None,
    parameters: Parameters,
) -> lgb.Booster:
    layout = Layout([feature.type for feature in features])
    rows, values = [], []
    for (part, worker), told in zip(parts, seen, strict=True):
        both = client.submit(encoded, part, features, labels, workers=[worker], pure=False)
        place: Callable[..., Any] = tuple.__getitem__
        of_rows, of_values = (client.submit(place, both, index, workers=[worker], pure=False) for index in (0, 1))
        rows.append(da.from_delayed(delayed(of_rows), (told.rows, layout.width), dtype=np.float64))
        values.append(da.from_delayed(delayed(of_values), (told.rows,), dtype=np.float64))
    given: dict[str, Any] = {
        name: value for name, value in parameters.items() if name not in ("num_iterations", "num_class")
    }
    learner = (lgb.DaskLGBMRegressor if labels is None else lgb.DaskLGBMClassifier)(
        client=client,
        n_estimators=int(parameters["num_iterations"]),
        tree_learner="data",
        time_out=_TIME_OUT_MINUTES,
        **given,
    )
    # the names of columns say nothing: LightGBM refuses some characters in them
    learner.fit(
        da.concatenate(rows),
        da.concatenate(values),
        categorical_feature=list(layout.categorical),
        feature_name=[f"f{index}" for index in range(layout.width)],
    )
    return learner.booster_


def _cut(
    booster: lgb.Booster,
    rows: Floats,
    truth: Floats,
    *,
    objective: Objective,
    is_cut: bool,
    on_iteration: OnIteration,
) -> Grown:
    """Hold round after round against rows that nobody learned from, and keep those up to the best one."""
    total = booster.current_iteration()
    raw: Any = 0.0
    kept, best, kept_predicted = 0, math.inf, np.empty(0)
    for done in range(1, total + 1):
        raw = raw + booster.predict(rows, raw_score=True, start_iteration=done - 1, num_iteration=1)
        predicted = _probabilities(raw, objective)
        value = objective.metric(truth, predicted, None)
        is_best = value < best
        best = min(best, value) if is_best else best
        if is_best or not is_cut:
            kept, kept_predicted = done, predicted
        metrics = {objective.metric_name: value} if math.isfinite(value) else {}
        on_iteration(Iteration(iteration=done, total=total, metrics=metrics, is_best=is_best))
    if not math.isfinite(best):
        raise WorkFailed(DIVERGED, code="training.diverged")
    text = booster.model_to_string(num_iteration=kept)
    body = _MACHINES.sub("[machines: ]", _OF_THIS_RUN.sub(r"[\1: 0]", text))
    return Grown(body=body, rounds=kept, predicted=kept_predicted)


def _probabilities(raw: Floats, objective: Objective) -> Floats:
    if objective.name == "regression":
        return raw
    if objective.name == "binary":
        found: Floats = 1.0 / (1.0 + np.exp(-raw))
        return found
    spread = np.exp(raw - raw.max(axis=1, keepdims=True))
    shares: Floats = spread / spread.sum(axis=1, keepdims=True)
    return shares
