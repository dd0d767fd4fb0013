"""Versions of what takes part in a training: another one may give other bits."""

import platform
from importlib.metadata import PackageNotFoundError, version

_PROGRAM = "machine-learning-service"
_LIBRARIES = ("lightgbm", "numpy", "pyarrow", "scikit-learn")
_PYTHON, _MACHINE = "python", "machine"


def environment(*further: str) -> dict[str, str]:
    """Return the versions of this program, of Python and of the libraries of every training, and the machine.

    Args:
        further: Libraries beside those of every training.
    """
    names = (_PROGRAM, *_LIBRARIES, *further)
    return {**{name: version(name) for name in names}, _PYTHON: _python(), _MACHINE: _machine()}


def version_here(name: str) -> str | None:
    """Return what an environment that is made here says of the name; None where there is no such library."""
    if name == _PYTHON:
        return _python()
    if name == _MACHINE:
        return _machine()
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _python() -> str:
    return platform.python_version()


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}"
