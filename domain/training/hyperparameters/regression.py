"""What is asked of a regression."""

from domain.training.hyperparameters.tabular import Tabular


class Regression(Tabular):
    """The settings of a regression."""
