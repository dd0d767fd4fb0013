"""Which program this is."""

from importlib.metadata import version


def program_version() -> str:
    """Return the version of this program, as `1.2.3`."""
    return version("machine-learning-service")
