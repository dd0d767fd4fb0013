"""Why a command about datasets is not granted.

NotFound
├── DatasetNotFound   dataset.not-found
└── RetiredDataset    dataset.retired
Refusal
└── NameTaken         dataset.name-taken
InvalidInput
└── UnreadableDataset dataset.unreadable
"""

from domain.errors import InvalidInput, NotFound, Refusal


class DatasetNotFound(NotFound):
    """No dataset has this id or name."""

    code = "dataset.not-found"


class RetiredDataset(NotFound):
    """The dataset was retired; its history stays readable."""

    code = "dataset.retired"


class NameTaken(Refusal):
    """Another dataset holds the name."""

    code = "dataset.name-taken"


class UnreadableDataset(InvalidInput):
    """The bytes are no table this service can read; the message says where and why."""

    code = "dataset.unreadable"
