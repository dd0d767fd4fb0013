"""What rows do to the mean area under the ROC curves of many labels, too many to be ranked for each resample.

Source:
    E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, "Comparing the areas under two or more correlated receiver
    operating characteristic curves" (1988): the parts that rows have in an area.
"""

import numpy as np
from numpy.typing import NDArray

from infrastructure.evaluation.judged import Judged
from infrastructure.evaluation.weighing import RANKED_LABELS_MAX

Floats = NDArray[np.float64]

_SCORES_MAX = 2_000_000
"""So many are ranked at most, which takes a third of a second."""


def areas_of_many(judged: Judged) -> Floats | None:
    """Return what the mean area of all labels grows by with the share of each row, of shape (rows,).

    Returns:
        None for numbers, for few labels, and where there are too many scores.
    """
    labels = judged.scores.shape[1]
    if judged.chosen is None or labels <= RANKED_LABELS_MAX or judged.scores.size > _SCORES_MAX:
        return None
    codes = judged.truth.astype(np.int64)
    present = np.flatnonzero(np.bincount(codes, minlength=labels)).tolist()
    if len(present) < 2:  # noqa: PLR2004 - one label is told from no other
        return None
    found = sum((_influences(judged.scores[:, label], codes == label) for label in present), np.zeros(len(codes)))
    return found / len(present)


def _influences(scores: Floats, is_positive: NDArray[np.bool_]) -> Floats:
    _, places = np.unique(scores, return_inverse=True)
    positive = np.bincount(places, is_positive)
    others = np.bincount(places) - positive
    below = (np.cumsum(others) - others / 2.0) / others.sum()
    above = (positive.sum() - np.cumsum(positive) + positive / 2.0) / positive.sum()
    parts = np.where(is_positive, below[places] / positive.sum(), above[places] / others.sum())
    area = parts[is_positive].sum()
    sizes = np.where(is_positive, positive.sum(), others.sum())
    influences: Floats = len(scores) * (parts - area / sizes)
    return influences
