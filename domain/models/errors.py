"""Why a command about models is not granted.

NotFound
├── ModelNotFound      model.not-found
├── RetiredModel       model.retired
├── VersionNotFound    model.version-not-found
└── AliasNotFound      model.alias-not-found
Refusal
├── NameTaken          model.name-taken
├── StatusMoveRefused  model.status-move-refused
├── NumberTaken        model.version-number-taken
└── TrainedElsewhere   model.version-trained-elsewhere
InvalidInput
└── NotLoadable        version.not-loadable
"""

from domain.errors import InvalidInput, NotFound, Refusal


class ModelNotFound(NotFound):
    """No model has this id or name."""

    code = "model.not-found"


class RetiredModel(NotFound):
    """The model was retired; its history stays readable."""

    code = "model.retired"


class VersionNotFound(NotFound):
    """The model has no such version."""

    code = "model.version-not-found"


class AliasNotFound(NotFound):
    """The model has no such alias."""

    code = "model.alias-not-found"


class NameTaken(Refusal):
    """Another model holds the name."""

    code = "model.name-taken"


class StatusMoveRefused(Refusal):
    """A version cannot move from its status to the one asked for."""

    code = "model.status-move-refused"


class NumberTaken(Refusal):
    """The model has, or had, a version of this number."""

    code = "model.version-number-taken"


class TrainedElsewhere(Refusal):
    """The log has no plan of the version: nothing here could train it again."""

    code = "model.version-trained-elsewhere"


class NotLoadable(InvalidInput):
    """What was trained elsewhere is no model that can be answered with, or not as it is said to be."""

    code = "version.not-loadable"
