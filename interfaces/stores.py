"""Which database keeps what: files of SQLite in the data directory, or PostgreSQL."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from application.batches.projection import BATCH_PREDICTIONS
from application.datasets.projection import project as project_datasets
from application.ledger import Ledger
from application.models.projection import project as project_models
from application.ports.read_models import Project
from application.training.projection import TRAINING_JOBS
from infrastructure.artifacts.belonging import require_belonging
from infrastructure.artifacts.opening import artifacts_at
from infrastructure.artifacts.place import ArtifactPlace, PlacedArtifacts
from infrastructure.datasets.isolated import IsolatedDatasetFiles
from infrastructure.engine_lease import FileLeadership, PostgresLeadership
from infrastructure.event_store.replay import PostgresReplay, SqliteReplay
from infrastructure.event_store.settings import CONNECTIONS, postgres_environment, sqlite_environment
from infrastructure.operation import operation_engine
from infrastructure.read_models.building import Source
from infrastructure.read_models.file_generations import FileGenerations
from infrastructure.read_models.generations import Generations
from infrastructure.read_models.schema_generations import SchemaGenerations
from infrastructure.sources.allowed_urls import AllowedUrls
from interfaces.settings import Settings

PROJECTIONS: tuple[Project, ...] = (
    project_models,
    project_datasets,
    TRAINING_JOBS.project,
    BATCH_PREDICTIONS.project,
)


def event_environment(settings: Settings, *, connections: int = CONNECTIONS) -> dict[str, str]:
    """Return the settings of the event store.

    Args:
        settings: Where it is.
        connections: So many to PostgreSQL at most, beside the one that hears of appends.
    """
    url = _url(settings)
    if url is None:
        return sqlite_environment(settings.events_path)
    return postgres_environment(url, pool_size=connections)


@contextmanager
def operation_database(settings: Settings) -> Iterator[Engine]:
    """Yield the database of what processes share while they run: one for all of a process that use it."""
    url = _url(settings)
    engine = operation_engine(settings.operation_path if url is None else url)
    try:
        yield engine
    finally:
        engine.dispose()


def read_model_generations(settings: Settings) -> Generations:
    """Return the generations of read models."""
    url = _url(settings)
    return FileGenerations(settings.home) if url is None else SchemaGenerations(url)


def read_model_source(settings: Settings, ledger: Ledger) -> Source:
    """Return what the read models follow from."""
    url = _url(settings)
    replay = SqliteReplay(settings.events_path, log=ledger) if url is None else PostgresReplay(url, log=ledger)
    return Source(log=ledger, replay=replay, projections=PROJECTIONS)


def leadership(settings: Settings) -> AbstractContextManager[FileLeadership | PostgresLeadership]:
    """Return the lease of the engine, let go of at the end."""
    url = _url(settings)
    return closing(FileLeadership(settings.engine_lock_path) if url is None else PostgresLeadership(url))


def artifact_place(settings: Settings) -> ArtifactPlace:
    """Return where the models and datasets are."""
    given = settings.artifacts or str(settings.home / "artifacts")
    if "://" in given:
        cache = settings.home.absolute() / "artifact-cache"
        return ArtifactPlace(root=cache, url=given, cache_bytes=settings.artifacts_cache_bytes)
    return ArtifactPlace(root=Path(given).absolute())


def opened_artifacts(settings: Settings, *, operation: Engine) -> PlacedArtifacts:
    """Return the models and datasets, which are those of the database.

    Args:
        settings: Where they are.
        operation: As `operation_database` yields it.

    Raises:
        ArtifactsElsewhere: The database's are in another store.
        ArtifactStoreUnreachable: The store cannot be asked whether it is the database's.
        RemotePlaceInvalid: Its URL is none that this installation can read.
    """
    artifacts = artifacts_at(artifact_place(settings))
    if settings.database_url is not None:
        require_belonging(operation, artifacts)
    return artifacts


def dataset_files(settings: Settings) -> IsolatedDatasetFiles:
    """Return what reads datasets, and copies them from where a URI may lead.

    Raises:
        SourceUrlsInvalid: What is set of URLs cannot be meant.
    """
    return IsolatedDatasetFiles(
        settings.dataset_root,
        allowed_urls=AllowedUrls.of(settings.source_urls),
        size_max_bytes=settings.upload_max_bytes,
    )


def _url(settings: Settings) -> str | None:
    return None if settings.database_url is None else settings.database_url.get_secret_value()
