"""What can be true of a dataset."""

from typing import ClassVar
from uuid import UUID

from domain.datasets.values import Contents
from domain.kernel import DomainEvent
from domain.naming import NameReleased, NameReserved


class DatasetNameReserved(NameReserved):
    """When a dataset holds this name."""

    TOPIC: ClassVar[str] = "dataset-name.reserved.v1"


class DatasetNameReleased(NameReleased):
    """When no dataset holds this name any more."""

    TOPIC: ClassVar[str] = "dataset-name.released.v1"


class DatasetRegistered(DomainEvent):
    """When a dataset exists: its bytes are kept and never change.

    Attributes:
        uri: Where it came from; `artifact:<sha256>` for an upload.
        target: The column to learn; None where there is none.
        supersedes: The dataset that this one is the newer state of.
    """

    TOPIC: ClassVar[str] = "dataset.registered.v1"

    name: str
    uri: str
    contents: Contents
    target: str | None
    supersedes: UUID | None = None


class DatasetRetired(DomainEvent):
    """When the dataset is offered no more; its name is free, what was learned from it stays."""

    TOPIC: ClassVar[str] = "dataset.retired.v1"

    name: str


DatasetEvent = DatasetRegistered | DatasetRetired
