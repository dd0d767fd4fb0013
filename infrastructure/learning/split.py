"""Which rows are learned from and which are held out."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from application.ports.work import WorkFailed
from domain.training.plan import ROWS_MIN

Positions = NDArray[np.int64]


class Split(NamedTuple):
    """Positions of the rows, ascending in each part; every row is in one of them."""

    training: Positions
    validation: Positions


def split(values: NDArray[np.float64], *, fraction: float, seed: int, is_classification: bool) -> Split:
    """Hold out `fraction` of the rows, at least one, the same ones for the same seed.

    Classes keep their shares, as far as whole rows allow, and each keeps a row to learn from: a class
    of one row is never held out.

    Raises:
        WorkFailed: `training.too-few-rows`.
    """
    count = len(values)
    if count < ROWS_MIN:
        message = f"{count} rows have a target; training needs at least {ROWS_MIN}."
        raise WorkFailed(message, code="training.too-few-rows")
    generator = np.random.default_rng(seed)
    order = generator.permutation(count)
    held_out = math.ceil(count * fraction)
    if is_classification:
        classes = values.astype(np.int64)
        quotas = _quotas(np.bincount(classes), fraction=fraction, total=held_out)
        if not quotas.any():
            message = "Every label occurs once: a classification needs several rows of a label to learn it."
            raise WorkFailed(message, code="training.too-few-rows")
        shuffled = classes[order]
        by_class = np.argsort(shuffled, kind="stable")
        starts = np.searchsorted(shuffled[by_class], np.arange(len(quotas)))
        validation = np.concatenate(
            [order[by_class[start : start + quota]] for start, quota in zip(starts, quotas, strict=True)]
        )
    else:
        validation = order[:held_out]
    is_held_out = np.zeros(count, dtype=np.bool_)
    is_held_out[validation] = True
    return Split(training=np.flatnonzero(~is_held_out), validation=np.flatnonzero(is_held_out))


def _quotas(counts: Positions, *, fraction: float, total: int) -> Positions:
    """Share `total` among the classes by largest remainder."""
    shares = counts * fraction
    quotas: Positions = np.floor(shares).astype(np.int64)
    by_remainder = np.argsort(quotas - shares, kind="stable")
    can_give = by_remainder[counts[by_remainder] - quotas[by_remainder] > 1]
    quotas[can_give[: max(0, total - int(quotas.sum()))]] += 1
    return quotas
