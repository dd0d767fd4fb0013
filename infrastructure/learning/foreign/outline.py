"""What LightGBM's text of a model says, as far as predictions could be led astray by it.

LightGBM believes what it reads: an index that leads out of its arrays, or a branch that leads back, would end or
hang whoever predicts. So every place that a prediction goes by is looked at before a model is served.

Source: LightGBM 4.7, `GBDT::SaveModelToString` and `Tree::ToString`.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, TypeVar

TREES_MAX = 100_000
FEATURES_MAX = 100_000
DEPTH_MAX = 1_000
"""Explanations take memory by the square of the depth."""
_EXPONENT_MAX = 700.0
"""The exponential of more is no float64."""
_SQUARED_MAX = 1e150

_BEGIN, _END = "tree", "end of trees"
_CATEGORICAL = 1
"""The bit of a decision's type that says so."""
_PANDAS = "pandas_categorical:"
_EXPONENTIAL = frozenset({"poisson", "gamma", "tweedie"})

Number = TypeVar("Number", int, float)


class UnreadableModel(Exception):
    """The text is no model that could be answered with; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Outline:
    """What a model is, beside its trees.

    Attributes:
        objective: What it was trained for, in LightGBM's words: a name, then `key:value`.
        scores: How many there are of a row.
        rounds: Each of as many trees as there are scores.
        names: Of the features.
        are_categorical: Of each feature, whether its values are codes of categories.
        categories: Of the columns of pandas that had some, in their order.
    """

    objective: tuple[str, ...]
    scores: int
    rounds: int
    names: tuple[str, ...]
    are_categorical: tuple[bool, ...]
    categories: tuple[tuple[Any, ...], ...]


def outline_of(text: str) -> Outline:
    """Return what the text says, all of which has been looked at.

    Raises:
        UnreadableModel: It is no such text, it breaks off, or something in it leads astray.
    """
    blocks = _blocks(text)
    head = next(blocks)
    scores = _whole(head, "num_tree_per_iteration", least=1, most=TREES_MAX)
    classes = _whole(head, "num_class", least=1, most=TREES_MAX)
    _require(classes == scores, f"it tells {classes:,} classes apart with {scores:,} scores")
    features = _whole(head, "max_feature_idx", least=0, most=FEATURES_MAX - 1) + 1
    names = _words(head, "feature_names", features)
    infos = _words(head, "feature_infos", features)
    objective = tuple(head.get("objective", "").split())
    _require(objective, "it names no objective, so what its scores mean is not known")
    reach = [_reach_of(tree, features) for tree in blocks]
    _require(reach, "it has no trees")
    _require(len(reach) % scores == 0, f"its {len(reach)} trees are no whole rounds of {scores}")
    _require_range(objective, sum(reach))
    return Outline(
        objective=objective,
        scores=scores,
        rounds=len(reach) // scores,
        names=tuple(names),
        are_categorical=tuple(not info.startswith("[") and info != "none" for info in infos),
        categories=_categories(text),
    )


def without_sizes(text: str) -> str:
    """Return the text without the places of its trees, which LightGBM would believe, too."""
    return "\n".join(line for line in text.split("\n") if not line.startswith("tree_sizes="))


def _blocks(text: str) -> Iterator[Mapping[str, str]]:
    """Yield the head, then each tree, as key → value."""
    lines = iter(text.split("\n"))  # at what LightGBM breaks them: others would hide lines from this look
    _require(next(lines, "") == _BEGIN, "it does not begin with 'tree'")
    block: dict[str, str] = {}
    trees = 0
    for line in lines:
        if line == _END:
            yield block
            return
        key, _, value = line.partition("=")
        if key == "Tree":
            yield block
            block = {}
            trees += 1
            _require(trees <= TREES_MAX, f"it has more than {TREES_MAX:,} trees")
        elif key:
            _require(key not in block, f"it says twice what its {key} is")
            block[key] = value
    raise UnreadableModel("it breaks off before its trees end")


def _reach_of(tree: Mapping[str, str], features: int) -> float:
    """Return the greatest value that the tree adds, on either side of 0, after a look at all its branches."""
    _require(tree.get("is_linear", "0") == "0", "its leaves hold linear models, which nothing here answers with")
    leaves = _whole(tree, "num_leaves", least=1, most=len(tree.get("leaf_value", "")) + 1)
    values = _numbers(tree, "leaf_value", leaves, float)
    _require(all(map(math.isfinite, values)), "a leaf holds what is no number")
    if leaves > 1:
        _require_sound(tree, leaves, features)
    return max(map(abs, values))


def _require_sound(tree: Mapping[str, str], leaves: int, features: int) -> None:
    nodes = leaves - 1
    split = _numbers(tree, "split_feature", nodes, int)
    _require(all(0 <= each < features for each in split), "a tree asks for a feature that there is none of")
    children = [_numbers(tree, side, nodes, int) for side in ("left_child", "right_child")]
    _require(len({*chain(*children)}) == 2 * nodes, "two branches of a tree lead to one place")
    depths = [0] * nodes
    for node, pair in enumerate(zip(*children, strict=True)):
        for child in pair:
            # a branch comes after the one that it hangs on: none leads back
            _require(node < child < nodes or -leaves <= child < 0, "a branch of a tree leads astray")
            if child > 0:
                depths[child] = max(depths[child], depths[node] + 1)
    _require(max(depths) < DEPTH_MAX, f"a tree is more than {DEPTH_MAX:,} branches deep")
    for name, count in (("leaf_count", leaves), ("internal_count", nodes)):
        rows = _numbers(tree, name, count, int)
        _require(all(each > 0 for each in rows), f"it lacks a {name}, without which nothing can be explained")
    _require_categories(tree, nodes)


def _require_categories(tree: Mapping[str, str], nodes: int) -> None:
    kinds = _numbers(tree, "decision_type", nodes, int)
    thresholds = _numbers(tree, "threshold", nodes, float)
    _require(not any(map(math.isnan, thresholds)), "a threshold is no number")
    count = _whole(tree, "num_cat", least=0, most=nodes)
    chosen = [each for each, kind in zip(thresholds, kinds, strict=True) if kind & _CATEGORICAL]
    _require(all(each.is_integer() and 0 <= each < count for each in chosen), "a choice of categories is missing")
    if count:
        bounds = _numbers(tree, "cat_boundaries", count + 1, int)
        _require(
            bounds[0] == 0 and all(a <= b for a, b in pairwise(bounds)),
            "its choices of categories overlap",
        )
        _numbers(tree, "cat_threshold", bounds[-1], int)


def _require_range(objective: tuple[str, ...], reach: float) -> None:
    most = math.inf
    if objective[0] in _EXPONENTIAL:
        most = _EXPONENT_MAX
    elif "sqrt" in objective:
        most = _SQUARED_MAX
    _require(reach < most, "its leaves add up to more than a number can be")


def _categories(text: str) -> tuple[tuple[Any, ...], ...]:
    """Return what LightGBM's Python package notes in the last line, of columns of pandas."""
    begin = text.rfind(f"\n{_PANDAS}")
    if begin < 0:
        return ()
    try:
        found = json.loads(text[begin + 1 + len(_PANDAS) :])
    except (ValueError, RecursionError):
        raise UnreadableModel("its line of pandas_categorical is no JSON") from None
    if found is None:
        return ()
    _require(
        isinstance(found, list) and all(isinstance(each, list) for each in found),
        "its line of pandas_categorical is no list of lists",
    )
    return tuple(tuple(each) for each in found)


def _whole(block: Mapping[str, str], key: str, *, least: int, most: int) -> int:
    (found,) = _numbers(block, key, 1, int)
    _require(least <= found <= most, f"its {key} is {found:,}, which is not from {least:,} to {most:,}")
    return found


def _numbers(block: Mapping[str, str], key: str, count: int, kind: Callable[[str], Number]) -> list[Number]:
    words = _words(block, key, count)
    try:
        return [kind(each) for each in words]
    except ValueError:
        raise UnreadableModel(f"its {key} holds what is no number") from None


def _words(block: Mapping[str, str], key: str, count: int) -> list[str]:
    _require(key in block, f"it does not say what its {key} is")
    words = [word for word in block[key].split(" ") if word]  # likewise
    _require(len(words) == count, f"its {key} has {len(words):,} words where {count:,} are needed")
    return words


def _require(condition: object, why: str) -> None:
    if not condition:
        raise UnreadableModel(why)
