"""What leads predictions astray is found in the text of a model, wherever it stands."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastructure.learning.foreign.outline import DEPTH_MAX, UnreadableModel, outline_of, without_sizes
from tests.support.examples import examples
from tests.support.foreign import foreign_text

TEXT = foreign_text()


def edited(pattern: str, replacement: str) -> str:
    """Return the text with the first match of the pattern replaced."""
    text, count = re.subn(pattern, replacement, TEXT, count=1, flags=re.MULTILINE)
    assert count == 1
    assert text != TEXT
    return text


def a_chain(depth: int) -> str:
    """Return a model of one tree in which each branch hangs on the one before."""
    nodes = range(depth)
    arrays = {
        "split_feature": [0 for _ in nodes],
        "threshold": [0 for _ in nodes],
        "decision_type": [2 for _ in nodes],
        "left_child": [-1 - node for node in nodes],
        "right_child": [*(node + 1 for node in nodes[:-1]), -1 - depth],
        "leaf_value": [0 for _ in range(depth + 1)],
        "leaf_count": [1 for _ in range(depth + 1)],
        "internal_count": [1 for _ in nodes],
    }
    tree = "\n".join(f"{name}={' '.join(map(str, values))}" for name, values in arrays.items())
    head, _, _ = TEXT.partition("Tree=0")
    return f"{head}Tree=0\nnum_leaves={depth + 1}\nnum_cat=0\n{tree}\nend of trees\n"


def hidden_behind_names(break_: str) -> str:
    """Return an unsound model whose third name of a feature has a sound one in it, for who breaks lines there."""
    sound = ["age\u00a0city\u00a0street", "feature_infos=none\u00a0none\u00a0none", "Tree=0", "num_leaves=1"]
    names = break_.join([*sound, "leaf_value=1", "end of trees", "street"])
    text = edited(r"^split_feature=\d+", "split_feature=7")
    for pattern, replacement in (
        ("max_feature_idx=1", "max_feature_idx=2"),
        ("feature_names=age city", f"feature_names={names}"),
        ("\nfeature_infos=", "\nfeature_infos=none "),
    ):
        text = text.replace(pattern, replacement, 1)
    return text


HOSTILE = {
    "nothing": "",
    "a pickle": "\x80\x04\x95",
    "other text": "age,city\n1,2\n",
    "broken off in a tree": TEXT[: TEXT.index("Tree=2")],
    "broken off in a line": TEXT[: TEXT.index("leaf_weight")],
    "no objective": edited(r"^objective=.*\n", ""),
    "no trees": TEXT[: TEXT.index("Tree=0")] + "end of trees\n",
    "a billion leaves": edited(r"^num_leaves=\d+", "num_leaves=1000000000"),
    "leaves below nothing": edited(r"^num_leaves=\d+", "num_leaves=-5"),
    "a billion features": edited(r"^max_feature_idx=1", "max_feature_idx=1000000000"),
    "a billion scores": edited(r"^num_tree_per_iteration=1", "num_tree_per_iteration=1000000000"),
    "rounds that are not whole": edited(r"^num_tree_per_iteration=1", "num_tree_per_iteration=3"),
    "a billion categories": edited(r"^num_cat=\d+", "num_cat=1000000000"),
    "a feature that there is none of": edited(r"^split_feature=\d+", "split_feature=7"),
    "a feature below nothing": edited(r"^split_feature=\d+", "split_feature=-1"),
    "a branch that leads back": edited(r"^left_child=-?\d+", "left_child=0"),
    "a branch that leads nowhere": edited(r"^left_child=-?\d+", "left_child=999"),
    "a leaf that leads nowhere": edited(r"^right_child=-?\d+", "right_child=-999"),
    "too few branches": edited(r"^left_child=-?\d+ ", "left_child="),
    "a choice that is missing": edited(r"^cat_boundaries=0 (\d+)", r"cat_boundaries=0 99"),
    "a choice that begins elsewhere": edited(r"^cat_boundaries=0", "cat_boundaries=1"),
    "a leaf of nothing": edited(r"^leaf_value=\S+", "leaf_value=nan"),
    "a leaf beyond numbers": edited(r"^leaf_value=\S+", "leaf_value=1e999"),
    "a threshold of nothing": edited(r"^threshold=\S+", "threshold=nan"),
    "no rows in a leaf": edited(r"^leaf_count=\d+", "leaf_count=0"),
    "linear leaves": foreign_text("regression", linear_tree=True),
    "said twice": edited(r"^num_cat=(\d+)$", r"num_cat=\1\nnum_cat=\1"),
    "categories that are none": TEXT[: TEXT.rindex("pandas_categorical")] + "pandas_categorical:{",
    "a tree too deep": a_chain(DEPTH_MAX + 1),
    "branches that meet again": a_chain(3).replace("left_child=-1", "left_child=1"),
    "leaves that meet": a_chain(3).replace("right_child=1 2 -4", "right_child=1 2 -1"),
    "trees behind a vertical tab": hidden_behind_names("\v"),
    "trees behind a line of Unicode": hidden_behind_names("\u2028"),
    "numbers beyond what there are": edited(r"^objective=binary.*", "objective=poisson").replace(
        "leaf_value=", "leaf_value=701 ", 1
    ),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_leads_astray_is_not_loadable(text: str) -> None:
    with pytest.raises(UnreadableModel):
        outline_of(text)


def test_leaves_that_add_up_beyond_the_exponential_are_not_loadable() -> None:
    text = re.sub(r"(?m)^leaf_value=\S+", "leaf_value=350", edited(r"^objective=binary.*", "objective=poisson"))
    with pytest.raises(UnreadableModel, match="add up to more than a number can be"):
        outline_of(text)


def test_a_sound_model_tells_what_it_is() -> None:
    outline = outline_of(TEXT)
    assert (outline.objective, outline.scores, outline.rounds) == (("binary", "sigmoid:1"), 1, 4)
    assert (outline.names, outline.are_categorical) == (("age", "city"), (False, True))
    assert outline.categories == (("basel", "bern", "chur"),)
    assert outline_of(a_chain(DEPTH_MAX)).rounds == 1
    assert outline_of(foreign_text("multiclass", num_class=3)).scores == 3


def test_places_of_trees_are_not_believed() -> None:
    assert "tree_sizes=" in TEXT
    assert without_sizes(TEXT) == re.sub(r"tree_sizes=.*\n", "", TEXT)


@given(place=st.integers(0, len(TEXT) - 1), given_text=st.text(max_size=5), length=st.integers(0, 50))
@settings(max_examples=examples(50))
def test_whatever_is_written_over_the_text_is_refused_or_sound(place: int, given_text: str, length: int) -> None:
    text = TEXT[:place] + given_text + TEXT[place + length :]
    try:
        outline = outline_of(text)
    except UnreadableModel:
        return
    assert outline.rounds >= 1
    assert len(outline.names) == len(outline.are_categorical)
