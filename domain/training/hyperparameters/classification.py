"""What is asked of a classification."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from domain.training.hyperparameters.tabular import Tabular
from domain.training.hyperparameters.trees import Trees


class Classification(Tabular):
    """The settings of a classification.

    Attributes:
        is_unbalance: LightGBM's own weights for two labels of unequal frequency.
        class_weight: `balanced` lets every label weigh the same in all, however rare it is.
        calibration: How probabilities are made to say how often a label is right, on held-out rows.
        threshold: Of two labels, the second is predicted above this probability; `auto` takes the one with
            the best macro F1 on held-out rows.
    """

    ALIASES: ClassVar[Mapping[str, str]] = {
        **Trees.ALIASES,
        "unbalance": "is_unbalance",
        "unbalanced_sets": "is_unbalance",
    }

    is_unbalance: bool = False
    class_weight: Literal["none", "balanced"] = "none"
    calibration: Literal["none", "isotonic", "platt"] = "none"
    threshold: Literal["auto"] | Annotated[float, Field(ge=0, le=1)] = "auto"
