"""What an operator can set: environment variables with the prefix `ML_SERVICE_`, or flags of the same names."""

import os
from pathlib import Path
from typing import Literal

from pydantic import DirectoryPath, Field, FilePath, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024
TRAINING_MEMORY_MIN_BYTES = 512 * MIB
"""Half of it is what the libraries take before there is any data."""


class Settings(BaseSettings):
    """Every setting, with its default. An empty variable is as good as none.

    Attributes:
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
        home: Data directory: events, read models, artifacts.
        database_url: PostgreSQL for events and read models (`postgresql://…`); SQLite in `home` when not set.
        artifacts: Where models and datasets are, the same for all that use one database: a directory, or the URL
            of an object store (`s3://bucket/…`, `gs://…`, `az://…`); in `home` when not set.
        artifacts_cache_bytes: How much of an object store is copied to `home` at most, beside what is in use.
        nats_url: NATS to work with (`nats://token@host:4222`, several separated by commas); an own server, of
            which nobody need know, when not set.
        nats_credentials: File with the credentials of a NATS account.
        nats_tls_ca: Certificates that the NATS servers' are signed by; those the system trusts when not set.
        nats_tls_certificate: Of this client, where the servers ask for one.
        nats_tls_key: Of that certificate.
        nats_replicas: How many servers of the cluster keep each stream.
        database_service: Whether `serve` runs the Database Service, or an outside one listens on the same NATS.
        database_service_url: PostgreSQL for the Database Service that `serve` runs; SQLite in `home` when not set.
        lease_s: How long a worker may show no sign of life before its job is given to another.
        dataset_root: Directory whose files may be registered by `uri`; none may when it is not set.
        source_urls: URLs (`https://…/`, `s3://bucket/…`, separated by commas): what lies below may be registered
            by `uri`, models by `artifact_url`; nothing when it is not set.
        upload_max_bytes: Larger uploads are refused.
        predictor_memory_bytes: How much memory loaded models may take.
        training_threads: Threads of one training; they change its speed, never its result.
        worker_jobs: How many jobs a worker does at a time; the threads of trainings are shared among them. With 0,
            a service has no worker of its own.
        training_memory_bytes: What one training or batch prediction may allocate; all there is when not set.
        training_time_s: How long one training or batch prediction may take; as long as it does when not set.
        dask_address: Scheduler of a Dask cluster (`tcp://host:8786`), for trainings that ask for one.
        log_level: From `debug` to `error`.
    """

    model_config = SettingsConfigDict(env_prefix="ML_SERVICE_", env_ignore_empty=True, frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    home: Path = Path(".ml-service")
    database_url: SecretStr | None = None
    artifacts: str | None = None
    artifacts_cache_bytes: int = Field(default=20 * 1024 * MIB, ge=0)
    nats_url: SecretStr | None = None
    nats_credentials: FilePath | None = None
    nats_tls_ca: FilePath | None = None
    nats_tls_certificate: FilePath | None = None
    nats_tls_key: FilePath | None = None
    nats_replicas: int = Field(default=1, ge=1, le=5)
    database_service: Literal["own", "outside"] = "own"
    database_service_url: SecretStr | None = None
    lease_s: float = Field(default=15.0, ge=0.5, le=3600)
    dataset_root: DirectoryPath | None = None
    source_urls: str | None = None
    upload_max_bytes: int = Field(default=10 * 1024 * MIB, gt=0)
    predictor_memory_bytes: int = Field(default=512 * MIB, gt=0)
    training_threads: int = Field(default=os.cpu_count() or 1, ge=1)
    worker_jobs: int = Field(default=1, ge=0, le=64)
    training_memory_bytes: int | None = Field(default=None, ge=TRAINING_MEMORY_MIN_BYTES)
    training_time_s: int | None = Field(default=None, ge=1)
    dask_address: str | None = None
    log_level: str = Field(default="warning", pattern="^(debug|info|warning|error)$")

    @field_validator("nats_replicas")
    @classmethod
    def _has_servers(cls, replicas: int, given: ValidationInfo) -> int:
        if replicas > 1 and given.data.get("nats_url") is None:
            msg = "is more than the service's own NATS server can keep: name a cluster by ML_SERVICE_NATS_URL"
            raise ValueError(msg)
        return replicas

    @property
    def needs_home(self) -> bool:
        """Whether part of a service is found by its data directory alone."""
        return self.database_url is None or self.nats_url is None or self.artifacts is None

    @property
    def events_path(self) -> Path:
        """Where the log lies."""
        return self.home / "events.db"

    @property
    def operation_path(self) -> Path:
        """Where processes keep what they need to run together; worth little after a stop."""
        return self.home / "operation.db"

    @property
    def nats_home(self) -> Path:
        """Where the service's own NATS server keeps what it has."""
        return self.home / "nats"

    @property
    def database_service_path(self) -> Path:
        """Where the service's own Database Service keeps its rows."""
        return self.home / "database_service.db"

    @property
    def engine_lock_path(self) -> Path:
        """What the engine holds, so that there is one."""
        return self.home / "engine.lock"

    @property
    def service_file(self) -> Path:
        """Where a running service says how it is reached."""
        return self.home / "service.json"
