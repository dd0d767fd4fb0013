"""Which path of the protocol asks what: the same with a version and without, with a slash at the end or not."""

from typing import NamedTuple

from application.inference.lookup import Request

ROOT = "/v2"
LIVE = f"{ROOT}/health/live"
READY = f"{ROOT}/health/ready"
MODEL = f"{ROOT}/models/{{model}}"
VERSION = f"{MODEL}/versions/{{version}}"
ALL_STATISTICS = f"{ROOT}/models/stats"
REPOSITORY = f"{ROOT}/repository"
REPOSITORY_MODEL = f"{REPOSITORY}/models/{{model}}"

_BELOW = f"{ROOT}/"


class Place(NamedTuple):
    """A path, and what its names stand for.

    Attributes:
        path: With placeholders.
        model: An id or a name; empty where none is named.
        version: A number, an id or an alias; None where none is named.
    """

    path: str
    model: str = ""
    version: str | None = None

    @property
    def request(self) -> Request:
        """The model and version as predictions name them."""
        return self.model, self.version


def is_here(path: str) -> bool:
    """Tell whether a path belongs to the protocol."""
    return path.startswith(ROOT) and (path == ROOT or path.startswith(_BELOW))


def place_of(path: str) -> Place:
    """Return what a path of the protocol asks for; whether anything is served there is not looked at."""
    parts = path.removesuffix("/").split("/")[2:]
    match parts:
        case ["models", "stats"]:
            return Place(ALL_STATISTICS, "stats")  # a model may be called so, too
        case ["models", model, "versions", version, *rest]:
            return Place("/".join((VERSION, *rest)), model, version)
        case ["models", model, *rest]:
            return Place("/".join((MODEL, *rest)), model)
        case ["repository", "models", model, *rest]:
            return Place("/".join((REPOSITORY_MODEL, *rest)), model)
    return Place("/".join((ROOT, *parts)))
