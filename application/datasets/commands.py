"""What may be asked of datasets."""

from domain.kernel import Immutable


class RegisterDataset(Immutable):
    """Begin a dataset.

    Attributes:
        uri: Where its bytes lie; None when they are uploaded.
        target: The column to learn; None where there is none.
    """

    name: str
    uri: str | None = None
    target: str | None = None
