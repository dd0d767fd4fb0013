"""`python -m infrastructure.system.bound_program STARTER_PID PROGRAM ARGUMENT…` becomes a program that does not
outlive who started it, even if the program itself knows nothing of that; Linux only."""

import os
import sys
from collections.abc import Sequence

from infrastructure.system.lifeline import die_with_starter, require_starter


def bound(command: Sequence[str]) -> list[str]:
    """Return the command that runs another one bound to the thread that starts it."""
    return [sys.executable, "-P", "-m", "infrastructure.system.bound_program", str(os.getpid()), *command]


def main(starter_pid: int, command: list[str]) -> None:
    """Become the program, in this very process.

    Args:
        starter_pid: Who must still be this process's parent.
        command: Program and arguments.
    """
    die_with_starter()
    require_starter(starter_pid)
    os.execv(command[0], command)  # noqa: S606 - whose program it is, its starter knows


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
