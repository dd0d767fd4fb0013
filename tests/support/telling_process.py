"""A process of its own that tells which variables it was given: `python -m tests.support.telling_process`."""

import os

from domain.kernel import Immutable
from infrastructure.system.ordered_child import carry_out
from infrastructure.system.orders import ProcessOrder


class Environment(Immutable):
    """The variables of the process."""

    variables: dict[str, str]


if __name__ == "__main__":
    carry_out(ProcessOrder, lambda _order, _tell: Environment(variables=dict(os.environ)))
