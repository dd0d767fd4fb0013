"""One function for each thing that may be asked of datasets."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from application.datasets.commands import RegisterDataset
from application.datasets.views import DatasetResponse, dataset_view
from application.execution import Context, Outcome
from application.ledger import Ledger
from application.ports.artifacts import ArtifactStore, url_of
from application.ports.datasets import DatasetFiles
from application.ports.identity import Identity
from application.ports.read_models import Document
from domain.datasets import dataset as datasets
from domain.datasets.dataset import Dataset
from domain.datasets.errors import DatasetNotFound, NameTaken
from domain.datasets.events import DatasetNameReleased, DatasetNameReserved
from domain.datasets.values import Contents, DatasetFormat
from domain.kernel import require_version
from domain.naming import release, reserve, valid_name

KIND = "dataset"
"""Of names, in reservations."""


@dataclass(frozen=True, kw_only=True)
class Received:
    """A dataset's bytes, complete in a file of the artifact store's `incoming`, and what was found in them."""

    path: Path
    contents: Contents
    uri: str


def require_free_name(name: str, *, ledger: Ledger) -> None:
    """Refuse early, before a long upload, a name that could not be had at its end.

    Raises:
        InvalidInput: The name cannot be one.
        NameTaken: Another dataset holds it.
    """
    reservation = ledger.reservation(KIND, valid_name(name))
    if reservation.holder_id is not None:
        raise NameTaken(f"The name {name!r} is taken.", name=name, id=str(reservation.holder_id))


def receive_upload(path: Path, format: DatasetFormat, *, files: DatasetFiles) -> Received:  # noqa: A002 - the field's word
    """Look into an uploaded file.

    Raises:
        UnreadableDataset: It holds no table that can be learned from.
    """
    contents = files.inspect(path, format)
    return Received(path=path, contents=contents, uri=url_of(contents.sha256))


def receive_uri(uri: str, *, files: DatasetFiles, artifacts: ArtifactStore) -> Received:
    """Copy what lies at the URI, so that it can never change under a model, and look into it.

    Raises:
        InvalidInput: The URI cannot be read from here.
        SourceUnavailable: It cannot be read now.
        UnreadableDataset: What lies there is no table that can be learned from.
    """
    path = artifacts.incoming()
    try:
        contents = files.inspect(path, files.fetch(uri, path))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Received(path=path, contents=contents, uri=uri)


def register_dataset(
    command: RegisterDataset,
    received: Received,
    *,
    superseded: Document | None = None,
    context: Context,
    ledger: Ledger,
    artifacts: ArtifactStore,
    identity: Identity,
) -> Outcome[DatasetResponse]:
    """Begin a dataset of received bytes, which are kept from then on.

    Args:
        command: What it is to be called, and what is to be learned from it.
        received: Its bytes.
        superseded: What readers see of the dataset that it is the newer state of; None where there is none.
        context: Who asks.
        ledger: Where it is decided.
        artifacts: Where the bytes are kept.
        identity: Gives it its id.

    Raises:
        InvalidInput: The name cannot be one, or the target is no column.
        NameTaken: Another dataset holds the name.
    """
    by = context.provenance
    registered = datasets.register(
        dataset_id=identity.new_id(),
        name=command.name,
        uri=received.uri,
        contents=received.contents,
        target=command.target,
        supersedes=None if superseded is None else UUID(superseded["id"]),
        by=by,
    )
    reservation = ledger.reservation(KIND, registered.name)
    reserved = reserve(
        reservation,
        name=registered.name,
        holder_id=registered.originator_id,
        event=DatasetNameReserved,
        taken=NameTaken,
        by=by,
    )
    if received.path.exists():
        artifacts.adopt(received.path, received.contents.sha256)
    return Outcome(events=(registered, reserved), view=dataset_view(registered, superseded=superseded), version=1)


def retire_dataset(reference: str, *, context: Context, ledger: Ledger) -> Outcome[None]:
    """Offer a dataset no more; its name becomes free, what was learned from it stays.

    Raises:
        DatasetNotFound, RetiredDataset: There is none to retire.
        StaleVersion: It is not the version that the sender decided on.
    """
    dataset = load(reference, ledger=ledger)
    datasets.require_active(dataset)
    require_version(dataset, context.expected_version)
    retired = datasets.retire(dataset, by=context.provenance)
    released = release(
        ledger.reservation(KIND, dataset.name),
        name=dataset.name,
        holder_id=dataset.id,
        event=DatasetNameReleased,
        by=context.provenance,
    )
    return Outcome(events=(retired, released), view=None, version=retired.originator_version)


def load(reference: str, *, ledger: Ledger) -> Dataset:
    """Return the dataset that an id or name means.

    Raises:
        DatasetNotFound: There is none.
    """
    dataset_id = ledger.id_of(KIND, reference)
    dataset = ledger.dataset(dataset_id) if dataset_id is not None else None
    if dataset is None:
        raise DatasetNotFound(f"There is no dataset {reference!r}.", dataset=reference)
    return dataset
