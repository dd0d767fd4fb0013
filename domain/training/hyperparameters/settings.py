"""What every training has: settings with a default each, under the names and aliases of the field."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, StringConstraints

from domain.kernel import Immutable

ColumnName = Annotated[str, StringConstraints(min_length=1)]


class Hyperparameters(Immutable):
    """Every setting of a training, each with its default.

    Stored plans hold these: a range may grow, but never shrink below what was once accepted. A default is what
    is stored where nothing is asked for, so it may change; what stored plans mean may not.

    Attributes:
        ALIASES: Other names → the name here.
        seed: Of every draw: the same seed gives the same model.
    """

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    ALIASES: ClassVar[Mapping[str, str]] = {"random_state": "seed", "random_seed": "seed"}

    seed: int = Field(default=0, ge=0, lt=2**31)

    @classmethod
    def implied_by(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the settings that follow from those that a user gives, and are given none of.

        What is stored says them, so a plan of earlier means what it meant.
        """
        return {}
