"""Which rows are learned from and which are held out."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from application.ports.work import WorkFailed
from domain.training.plan import ROWS_MIN

Positions = NDArray[np.int64]


class Split(NamedTuple):
    """Positions of rows, ascending in each part; no row is in both."""

    training: Positions
    validation: Positions


@dataclass(frozen=True, kw_only=True)
class Stratified:
    """Each label keeps its share, as far as whole rows allow, and a row to learn from.

    Attributes:
        codes: The place of the label of each row, of shape (rows,).
    """

    codes: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Grouped:
    """Rows of a group stay together.

    Attributes:
        groups: The number of the group of each row, of shape (rows,), from 0.
    """

    groups: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Timed:
    """What is held out lies after what is learned from; rows of one instant stay together.

    Attributes:
        times: When each row was, of shape (rows,).
    """

    times: NDArray[np.float64]


Way = Stratified | Grouped | Timed | None
"""How rows are held out; None for by chance alone."""


def held_out_once(rows: int, way: Way, *, fraction: float, seed: int) -> Split:
    """Hold out `fraction` of the rows, at least one, the same ones for the same seed; every row is in one part.

    Raises:
        WorkFailed: `training.too-few-rows`, `training.too-few-groups` or `training.too-few-instants`.
    """
    _require_rows(rows)
    wanted = math.ceil(rows * fraction)
    generator = np.random.default_rng(seed)
    match way:
        case Stratified(codes=codes):
            validation = _stratified(codes, fraction=fraction, total=wanted, generator=generator)
        case Grouped(groups=groups):
            validation = _whole_groups(groups, total=wanted, generator=generator)
        case Timed(times=times):
            begin = _nearest_step(np.sort(times), rows - wanted)
            return _parts(times >= begin)
        case None:
            validation = generator.permutation(rows)[:wanted]
    is_held_out = np.zeros(rows, dtype=np.bool_)
    is_held_out[validation] = True
    return _parts(is_held_out)


def split(values: NDArray[np.float64], *, fraction: float, seed: int, is_classification: bool) -> Split:
    """Hold out rows by chance, of labels by their places with the same share of each, as `held_out_once` does."""
    way = Stratified(codes=values.astype(np.int64)) if is_classification else None
    return held_out_once(len(values), way, fraction=fraction, seed=seed)


def folds(rows: int, way: Way, *, count: int, seed: int) -> tuple[Split, ...]:
    """Hold out one part of the rows after another, of about the same size.

    Every row is held out once. But of labels that one row has it is learned from by all; and in time, the parts
    follow each other, each is told by what lies before it, and the first of `count` + 1 is never held out.

    Raises:
        WorkFailed: `training.too-few-rows`, `training.too-few-groups` or `training.too-few-instants`.
    """
    _require_rows(rows)
    generator = np.random.default_rng(seed)
    match way:
        case Stratified(codes=codes):
            fold = _dealt_by_label(codes, count=count, generator=generator)
        case Grouped(groups=groups):
            fold = _dealt_by_group(groups, count=count, generator=generator)
        case Timed(times=times):
            return _rolling(times, count=count)
        case None:
            fold = generator.permutation(rows) % count
    return tuple(_parts(fold == number) for number in range(count))


def _parts(is_held_out: NDArray[np.bool_]) -> Split:
    return Split(training=np.flatnonzero(~is_held_out), validation=np.flatnonzero(is_held_out))


def _require_rows(rows: int) -> None:
    if rows < ROWS_MIN:
        message = f"{rows} rows have a target; training needs at least {ROWS_MIN}."
        raise WorkFailed(message, code="training.too-few-rows")


def _stratified(
    codes: NDArray[np.int64], *, fraction: float, total: int, generator: np.random.Generator
) -> Positions:
    order = generator.permutation(len(codes))
    quotas = _quotas(np.bincount(codes), fraction=fraction, total=total)
    if not quotas.any():
        raise _single_rows()
    shuffled = codes[order]
    by_class = np.argsort(shuffled, kind="stable")
    starts = np.searchsorted(shuffled[by_class], np.arange(len(quotas)))
    return np.concatenate(
        [order[by_class[start : start + quota]] for start, quota in zip(starts, quotas, strict=True)]
    )


def _quotas(counts: Positions, *, fraction: float, total: int) -> Positions:
    """Share `total` among the classes by largest remainder; each keeps a row."""
    shares = counts * fraction
    quotas: Positions = np.floor(shares).astype(np.int64)
    by_remainder = np.argsort(quotas - shares, kind="stable")
    can_give = by_remainder[counts[by_remainder] - quotas[by_remainder] > 1]
    quotas[can_give[: max(0, total - int(quotas.sum()))]] += 1
    return quotas


def _dealt_by_label(codes: NDArray[np.int64], *, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return the fold of each row, dealt out label by label; -1 of rows that are alone with their label."""
    order = generator.permutation(len(codes))
    by_class = order[np.argsort(codes[order], kind="stable")]
    by_class = by_class[np.bincount(codes)[codes[by_class]] > 1]
    if len(by_class) < count:
        raise _single_rows()
    fold = np.full(len(codes), -1, dtype=np.int64)
    fold[by_class] = np.arange(len(by_class)) % count
    return fold


def _single_rows() -> WorkFailed:
    message = "Too many labels occur once: a classification needs several rows of a label to learn it."
    return WorkFailed(message, code="training.too-few-rows")


def _whole_groups(groups: NDArray[np.int64], *, total: int, generator: np.random.Generator) -> Positions:
    """Return the rows of as many groups, by chance, as it takes to hold out `total`; one group is left."""
    sizes = np.bincount(groups)
    _require_groups(len(sizes), needed=2)
    order = generator.permutation(len(sizes))
    before = np.concatenate([[0], np.cumsum(sizes[order])[:-1]])
    chosen = order[:-1][before[:-1] < total]
    return np.flatnonzero(np.isin(groups, chosen))


def _dealt_by_group(groups: NDArray[np.int64], *, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return the fold of each row: the largest groups first, each to the fold that has the fewest rows."""
    sizes = np.bincount(groups)
    _require_groups(len(sizes), needed=count)
    order = generator.permutation(len(sizes))
    fold_of_group = np.empty(len(sizes), dtype=np.int64)
    rows_of_fold = np.zeros(count, dtype=np.int64)
    for group in order[np.argsort(-sizes[order], kind="stable")]:
        fold = int(rows_of_fold.argmin())
        fold_of_group[group] = fold
        rows_of_fold[fold] += sizes[group]
    return fold_of_group[groups]


def _require_groups(found: int, *, needed: int) -> None:
    if found < needed:
        message = (
            f"The rows are of {found} groups, and it takes {needed}: name another group column, or fewer folds."
        )
        raise WorkFailed(message, code="training.too-few-groups")


def _rolling(times: NDArray[np.float64], *, count: int) -> tuple[Split, ...]:
    ordered = np.sort(times)
    # a step is where a new instant begins: parts end there, as near as can be to equal sizes
    steps = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    if len(steps) < count:
        raise _too_few_instants(len(steps) + 1, needed=count + 1)
    wanted = np.arange(1, count + 1) * len(times) / (count + 1)
    places: list[int] = []
    for number, place in enumerate(wanted.tolist()):
        # as many steps must be left as there are parts to come
        open_steps = steps[number if not places else int(np.searchsorted(steps, places[-1], side="right")) :]
        open_steps = open_steps[: len(open_steps) - (count - number - 1)]
        places.append(int(open_steps[np.argmin(np.abs(open_steps - place))]))
    begins = [*ordered[places], math.inf]
    return tuple(
        Split(
            training=np.flatnonzero(times < begin),
            validation=np.flatnonzero((times >= begin) & (times < end)),
        )
        for begin, end in pairwise(begins)
    )


def _nearest_step(ordered: NDArray[np.float64], place: int) -> float:
    """Return the instant, not the first, that begins nearest to the place."""
    steps = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    if len(steps) == 0:
        raise _too_few_instants(1, needed=2)
    return float(ordered[steps[np.argmin(np.abs(steps - place))]])


def _too_few_instants(found: int, *, needed: int) -> WorkFailed:
    message = f"The rows are of {found} instants, and it takes {needed}: name another time column, or fewer folds."
    return WorkFailed(message, code="training.too-few-instants")
