"""What a process of its own is started for."""

import os

from pydantic import Field

from domain.kernel import Immutable


class ProcessOrder(Immutable):
    """What the process is to do; it reads it as one line of JSON.

    Attributes:
        starter_pid: Who waits for the outcome: a process with another parent does nothing.
    """

    starter_pid: int = Field(default_factory=os.getpid)
