"""How a clustering compares with the one in production, on the same rows."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from application.ports.predictor import Predictor
from application.reports.views import Difference, Production
from domain.datasets.values import Column
from infrastructure.evaluation.asking import Unaskable, rows_for
from infrastructure.evaluation.clusterings import figure_of, figures_of
from infrastructure.evaluation.partitions import Influenced, adjusted_rand, overlap_of, parted
from infrastructure.evaluation.silhouettes import silhouettes_of
from infrastructure.evaluation.slices import CLUSTERS_MAX
from infrastructure.learning.trained import Grouped

Codes = NDArray[np.intp]


def compared_clusterings(
    grouped: Grouped, rival: Predictor, columns: tuple[Column, ...], *, version: str, seed: int
) -> Production:
    """Return the figures of both on the rows sampled, and how far they put together the same rows.

    Distances are those that the new version goes by.

    Args:
        grouped: The rows, with the clusters of the new version.
        rival: The version in production.
        columns: Of the rows.
        version: The rival's number.
        seed: Of the resamples.

    Raises:
        Unaskable: The rival cannot be asked for such rows, or does not answer with clusters.
    """
    if rival.labels is None:
        msg = "it does not answer with clusters"
        raise Unaskable(msg)
    points, codes = grouped.points[grouped.sampled], grouped.codes[grouped.sampled]
    table = grouped.table.take(pa.array(grouped.sampled))
    others = rival.predict(rows_for(rival.schema, table, columns)).chosen
    assert others is not None, "clusters are chosen"
    here, there = (
        figures_of(parted(points, each), silhouettes)
        for each, silhouettes in zip((codes, others), silhouettes_of(points, [codes, others]), strict=True)
    )
    return Production(
        version=version,
        rows=len(codes),
        metrics=[
            _difference(name, here[name], there[name], seed=seed) for name in sorted(here.keys() & there.keys())
        ],
        agreement=figure_of("adjusted_rand", adjusted_rand(codes, others), seed=seed),
        overlap=_most_of(codes, others, grouped.clusters, len(rival.labels)),
    )


def _difference(name: str, here: Influenced, there: Influenced, *, seed: int) -> Difference:
    both = Influenced(here.value - there.value, here.influences - there.influences)
    found = figure_of(name, both, seed=seed)
    assert found is not None, "there is a difference"
    return Difference(
        name=name,
        value=here.value,
        production=there.value,
        difference=found.value,
        low=found.low,
        high=found.high,
    )


def _most_of(codes: Codes, others: Codes, clusters: int, of_other: int) -> list[list[int]]:
    found = overlap_of(codes, others)
    counts = np.zeros((clusters, of_other), dtype=np.int64)  # some clusters may have none of the rows
    counts[: found.shape[0], : found.shape[1]] = found
    largest: list[list[int]] = counts[:CLUSTERS_MAX, :CLUSTERS_MAX].tolist()
    return largest
