"""Growing trees on a Dask cluster, from the rows of a Parquet file that no process holds as a whole.

Rounds are not told while they are done: all of them are, and are then held one after the other against a sample of
rows that nobody learned from.
"""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from domain.datasets.values import ColumnType
from domain.inference.values import Feature, FeatureType, Label
from domain.models.values import ModelType
from domain.training.hyperparameters.classification import Classification
from domain.training.hyperparameters.regression import Regression
from domain.training.values import TrainingPlan
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.datasets.value_types import VALUE_TYPES
from infrastructure.learning.cluster.parts import Part, Seen, deal, look, targets, weighed
from infrastructure.learning.cluster.peers import Growing, grow, meet
from infrastructure.learning.cluster.rounds import up_to_best
from infrastructure.learning.cluster.watching import Cluster, connected
from infrastructure.learning.dates import Layout
from infrastructure.learning.deciding import require_use_of_threshold
from infrastructure.learning.encoding import CATEGORIES_MAX, EncodedTarget, encode_rows, encode_target
from infrastructure.learning.number_objectives import number_objective, require_learnable
from infrastructure.learning.objectives import Objective, Parameters, objective_for, parameters_for
from infrastructure.learning.trained import OnIteration
from infrastructure.learning.trainers.holding_out import tabular_settings
from infrastructure.learning.trainers.tabular import Learned

Floats = NDArray[np.float64]

SAMPLE_MAX = 100_000
"""So many rows are held out at most, all parts together: the only ones that the training's own process sees."""

NOTE = "The trees were grown on a cluster of {}: trained again by another number of workers, they differ."


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
        what is best said without learning, the mean of the workers' own.

    Raises:
        WorkFailed: The cluster cannot be reached or fails, or the data cannot be learned; the code says why.
    """
    settings = tabular_settings(plan)
    with connected(address) as cluster:
        parts = _parts(plan, dataset, artifacts=artifacts, workers=cluster.workers())
        seen: Sequence[Seen] = cluster.each(look, [(worker, (part,)) for worker, part in parts])
        features = _features(plan, seen)
        target, known = _target(plan, seen)
        weights = None
        if isinstance(settings, Classification) and target.labels is not None:
            require_use_of_threshold(settings, labels=len(target.labels))
            if settings.class_weight == "balanced":
                weights = tuple((known.sum() / (len(known) * known)).tolist())
        objective = _objective(plan, target, seen)
        parameters = parameters_for(objective, settings)
        learning = [part for part, told in zip(parts, seen, strict=True) if told.rows]
        text = _grown(
            cluster, learning, features=features, labels=target.labels, weights=weights, parameters=parameters
        )
    held_out = pa.concat_tables([each.held_out for each in seen])
    assert plan.target is not None, "what is learned is a column"
    truth = targets(held_out.column(plan.target.name), plan.target, target.labels)
    held_out = held_out.filter(pa.array(~np.isnan(truth)))
    truth = truth[~np.isnan(truth)]
    grown = up_to_best(
        text,
        Layout([feature.type for feature in features]).rows(encode_rows(features, held_out)),
        truth,
        weighed(truth, weights),
        objective=objective,
        is_cut=settings.early_stopping_rounds > 0,
        on_iteration=on_iteration,
    )
    learned = Learned(
        features=features,
        parameters={**parameters, "num_machines": len(learning)},  # which decides about the bits, too
        grown=grown,
        rows=sum(each.rows for each in seen),
        is_in_folds=False,
        table=held_out.select([column.name for column in plan.columns]),
        truth=truth,
        notes=(NOTE.format("1 worker" if len(learning) == 1 else f"{len(learning):,} workers"),),
    )
    return learned, target.labels, known


def _parts(
    plan: TrainingPlan, dataset: Path, *, artifacts: ArtifactPlace, workers: Sequence[str]
) -> list[tuple[str, Part]]:
    """Return a part of about as many rows for each worker."""
    metadata = pq.read_metadata(dataset)
    shares = deal(
        [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)], shares=len(workers)
    )
    given = [(worker, slices) for worker, slices in zip(workers, shares, strict=True) if slices]
    return [
        (
            worker,
            Part(
                artifacts=artifacts,
                plan=plan,
                slices=slices,
                number=number,
                held_out_max=SAMPLE_MAX // len(given),
            ),
        )
        for number, (worker, slices) in enumerate(given)
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


def _target(plan: TrainingPlan, seen: Sequence[Seen]) -> tuple[EncodedTarget, Floats]:
    """Return what is learned, told by its distinct values or its extent, and how it lies."""
    assert plan.target is not None, "what is learned is a column"
    kind = VALUE_TYPES[plan.target.type]
    if plan.model_type is ModelType.REGRESSION:
        extents = [each.extent for each in seen if each.rows]
        ends = [min(each[0] for each in extents), max(each[1] for each in extents)] if extents else []
        target = encode_target(plan.model_type, plan.target, pa.chunked_array([ends], type=kind))
        constant = math.fsum(each.constant * each.rows for each in seen) / sum(each.rows for each in seen)
        return target, np.array([constant])
    counts = _added(seen, plan.target.name)
    labels = pa.array(sorted(counts), type=kind)
    target = encode_target(plan.model_type, plan.target, pa.chunked_array([labels]))
    return target, np.array([counts[each] for each in labels.to_pylist()], dtype=np.float64)


def _objective(plan: TrainingPlan, target: EncodedTarget, seen: Sequence[Seen]) -> Objective:
    """Return what the trees are to get right.

    Raises:
        WorkFailed: It makes no sense for the target: `training.target-outside-objective`.
    """
    if target.labels is not None:
        return objective_for(len(target.labels))
    assert plan.target is not None, "what is learned is a column"
    assert isinstance(plan.hyperparameters, Regression), "the plan chooses by its type"
    objective = number_objective(plan.hyperparameters)
    require_learnable(plan.target, min(each.extent[0] for each in seen if each.rows), objective)
    return objective


def _added(seen: Sequence[Seen], name: str) -> Counter[Any]:
    counts: Counter[Any] = Counter()
    for each in seen:
        counts.update(each.counts[name])
    return counts


def _grown(
    cluster: Cluster,
    parts: Sequence[tuple[str, Part]],
    *,
    features: tuple[Feature, ...],
    labels: tuple[Label, ...] | None,
    weights: tuple[float, ...] | None,
    parameters: Parameters,
) -> str:
    """Return LightGBM's text of all rounds."""
    peers = cluster.each(
        meet,
        [(worker, (urlsplit(worker).hostname, place, len(parts))) for place, (worker, _) in enumerate(parts)],
    )
    growing = Growing(features=features, labels=labels, weights=weights, parameters=parameters, peers=tuple(peers))
    texts = cluster.each(grow, [(worker, (part, growing, place)) for place, (worker, part) in enumerate(parts)])
    return texts[0]
