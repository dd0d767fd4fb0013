"""Why a prediction is not given.

InvalidInput
└── NonConformingInstance   inference.non-conforming
Refusal
├── NoProductionVersion     inference.no-production-version
└── NotServable             inference.not-servable
"""

from domain.errors import InvalidInput, Refusal


class NonConformingInstance(InvalidInput):
    """An instance does not have the features that the version was trained on."""

    code = "inference.non-conforming"


class NoProductionVersion(Refusal):
    """No version was named and none is in production."""

    code = "inference.no-production-version"


class NotServable(Refusal):
    """The version holds no artifact that can predict."""

    code = "inference.not-servable"
