"""What LightGBM is asked for."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from domain.training.hyperparameters.settings import Hyperparameters


class Trees(Hyperparameters):
    """The settings of boosted trees.

    Attributes:
        early_stopping_rounds: Stop after so many rounds without gain on held-out rows; 0 never stops early.
        num_iterations: So many rounds of trees at most.
        learning_rate: How much of each tree is taken.
        num_leaves: So many leaves a tree has at most.
        max_depth: So many splits lie between root and leaf at most; -1 for no limit.
        min_data_in_leaf: A leaf is of so many rows at least.
        min_sum_hessian_in_leaf: A leaf weighs so much at least, by the curvature of the loss.
        min_gain_to_split: A split that gains less is not made.
        feature_fraction: Share of the features that each tree may split by, drawn anew.
        bagging_fraction: Share of the rows that trees learn from, drawn anew every `bagging_freq` rounds.
        bagging_freq: Rounds after which they are drawn; 0 never draws. It is 1 where a `bagging_fraction` below 1
            is asked for without it.
        lambda_l1: Draws the values of leaves to 0, by their size.
        lambda_l2: Draws the values of leaves to 0, by their square.
        max_bin: So many bins the values of a feature are put in at most.
        cat_smooth: Rows that a category is thought to have beside its own, so that rare ones say less.

    Source:
        LightGBM's documentation, "Parameters", for all but the first: they are its own, under the same names.
    """

    ALIASES: ClassVar[Mapping[str, str]] = {
        **Hyperparameters.ALIASES,
        "n_estimators": "num_iterations",
        "num_boost_round": "num_iterations",
        "num_iteration": "num_iterations",
        "num_round": "num_iterations",
        "num_rounds": "num_iterations",
        "num_tree": "num_iterations",
        "num_trees": "num_iterations",
        "nrounds": "num_iterations",
        "n_iter": "num_iterations",
        "max_iter": "num_iterations",
        "eta": "learning_rate",
        "shrinkage_rate": "learning_rate",
        "num_leaf": "num_leaves",
        "max_leaf": "num_leaves",
        "max_leaves": "num_leaves",
        "max_leaf_nodes": "num_leaves",
        "min_data": "min_data_in_leaf",
        "min_data_per_leaf": "min_data_in_leaf",
        "min_child_samples": "min_data_in_leaf",
        "min_samples_leaf": "min_data_in_leaf",
        "min_child_weight": "min_sum_hessian_in_leaf",
        "min_sum_hessian": "min_sum_hessian_in_leaf",
        "min_sum_hessian_per_leaf": "min_sum_hessian_in_leaf",
        "min_hessian": "min_sum_hessian_in_leaf",
        "min_split_gain": "min_gain_to_split",
        "colsample_bytree": "feature_fraction",
        "sub_feature": "feature_fraction",
        "subsample": "bagging_fraction",
        "sub_row": "bagging_fraction",
        "bagging": "bagging_fraction",
        "subsample_freq": "bagging_freq",
        "reg_alpha": "lambda_l1",
        "l1_regularization": "lambda_l1",
        "reg_lambda": "lambda_l2",
        "lambda": "lambda_l2",
        "l2_regularization": "lambda_l2",
        "max_bins": "max_bin",
        "early_stopping_round": "early_stopping_rounds",
        "early_stopping": "early_stopping_rounds",
        "n_iter_no_change": "early_stopping_rounds",
    }

    early_stopping_rounds: int = Field(default=50, ge=0, le=10_000)
    num_iterations: int = Field(default=500, ge=1, le=100_000)
    learning_rate: float = Field(default=0.05, gt=0, le=10)
    num_leaves: int = Field(default=31, ge=2, le=131_072)
    max_depth: int = Field(default=-1, ge=-1, le=1_000)
    min_data_in_leaf: int = Field(default=20, ge=0, lt=2**31)
    min_sum_hessian_in_leaf: float = Field(default=1e-3, ge=0)
    min_gain_to_split: float = Field(default=0.0, ge=0)
    feature_fraction: float = Field(default=1.0, gt=0, le=1)
    bagging_fraction: float = Field(default=1.0, gt=0, le=1)
    bagging_freq: int = Field(default=0, ge=0, le=100_000)
    lambda_l1: float = Field(default=0.0, ge=0)
    lambda_l2: float = Field(default=0.0, ge=0)
    max_bin: int = Field(default=255, ge=2, le=65_535)
    cat_smooth: float = Field(default=10.0, ge=0)

    @classmethod
    def implied_by(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return that rows are drawn in each round where a share of them is asked for and nothing else is said.

        LightGBM itself would learn from all of them, and not say so.
        """
        if given.get("bagging_fraction", 1) == 1 or "bagging_freq" in given:
            return {}
        return {"bagging_freq": 1}
