"""The roles that a process of the service can have, as commands."""

import signal
from pathlib import Path
from typing import Annotated

import typer

from interfaces.starting import bind, cores, end, settings_of, told_why_not

Home = Annotated[Path | None, typer.Option(help="Data directory.", show_default=".ml-service")]
LeaseS = Annotated[
    float | None,
    typer.Option(
        help="Seconds of silence after which a worker's job is given to another, for all on one database.",
        show_default="15",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(help="Threads of one training; they never change its result.", show_default="all cores"),
]
WorkerJobs = Annotated[
    int | None,
    typer.Option(
        help="Jobs that a worker does at a time; they share the threads of trainings. With 0, serve has none.",
        show_default="1",
    ),
]
TrainingMemoryBytes = Annotated[
    int | None,
    typer.Option(help="Memory of one training or batch prediction.", show_default="as much as there is"),
]
TrainingTimeS = Annotated[
    int | None,
    typer.Option(help="Seconds of one training or batch prediction.", show_default="as long as it takes"),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        help="PostgreSQL for events and read models (postgresql://…).", show_default="SQLite in the data directory"
    ),
]
Artifacts = Annotated[
    str | None,
    typer.Option(
        help="Directory or URL (s3://…) of models and datasets, the same for all that use one database.",
        show_default="in --home",
    ),
]
ArtifactsCacheBytes = Annotated[
    int | None,
    typer.Option(
        help="How much of an object store is copied to the data directory at most.", show_default="20 GiB"
    ),
]
NatsUrl = Annotated[
    str | None,
    typer.Option(help="NATS to work with (nats://token@host:4222).", show_default="a server of the service's own"),
]
DatabaseServiceUrl = Annotated[
    str | None,
    typer.Option(
        help="PostgreSQL for the Database Service (postgresql://…).", show_default="SQLite in the data directory"
    ),
]
Host = Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option(help="Port; 0 for any free one.", show_default="8000")]
NatsCredentials = Annotated[
    Path | None, typer.Option(help="File with the credentials of a NATS account.", show_default="none")
]
NatsTlsCa = Annotated[
    Path | None, typer.Option(help="Certificates that NATS is known by.", show_default="the system's")
]
NatsTlsCertificate = Annotated[
    Path | None, typer.Option(help="Certificate to be known to NATS by.", show_default="none")
]
NatsTlsKey = Annotated[Path | None, typer.Option(help="Key of that certificate.", show_default="none")]
DatasetRoot = Annotated[
    Path | None, typer.Option(help="Directory whose files may be registered by uri.", show_default="none")
]
SourceUrls = Annotated[
    str | None,
    typer.Option(
        help="URLs (https://…/,s3://bucket/…) below which files may be registered by uri.", show_default="none"
    ),
]
DaskAddress = Annotated[
    str | None,
    typer.Option(
        help="Scheduler of a Dask cluster (tcp://host:8786), for trainings that ask for one.", show_default="none"
    ),
]
UploadMaxBytes = Annotated[int | None, typer.Option(help="Larger uploads are refused.", show_default="10 GiB")]
PredictorMemoryBytes = Annotated[
    int | None, typer.Option(help="Memory for loaded models, of each process.", show_default="512 MiB")
]
Workers = Annotated[
    int | None, typer.Option(help="How many processes answer.", min=1, max=256, show_default="one a core")
]
LogLevel = Annotated[str | None, typer.Option(help="debug, info, warning or error.", show_default="warning")]


def add_roles(app: typer.Typer) -> None:
    """Add the commands, one for each role."""
    for role in (serve, api, worker, engine, database):
        app.command()(role)


def serve(
    *,
    host: Host = None,
    port: Port = None,
    home: Home = None,
    database_url: DatabaseUrl = None,
    artifacts: Artifacts = None,
    artifacts_cache_bytes: ArtifactsCacheBytes = None,
    nats_url: NatsUrl = None,
    nats_credentials: NatsCredentials = None,
    nats_tls_ca: NatsTlsCa = None,
    nats_tls_certificate: NatsTlsCertificate = None,
    nats_tls_key: NatsTlsKey = None,
    nats_replicas: Annotated[
        int | None, typer.Option(help="Servers of a NATS cluster that keep each stream.", show_default="1")
    ] = None,
    database_service: Annotated[
        str | None,
        typer.Option(help="own, or outside: the platform runs it on the same NATS.", show_default="own"),
    ] = None,
    database_service_url: DatabaseServiceUrl = None,
    lease_s: LeaseS = None,
    dataset_root: DatasetRoot = None,
    source_urls: SourceUrls = None,
    upload_max_bytes: UploadMaxBytes = None,
    predictor_memory_bytes: PredictorMemoryBytes = None,
    training_threads: Threads = None,
    worker_jobs: WorkerJobs = None,
    training_memory_bytes: TrainingMemoryBytes = None,
    training_time_s: TrainingTimeS = None,
    dask_address: DaskAddress = None,
    log_level: LogLevel = None,
    demo: Annotated[bool, typer.Option("--demo", help="Train and promote models on example data.")] = False,
) -> None:
    """Run the whole service: API, engine and worker, its own NATS and Database Service.

    Every option is also an environment variable: ML_SERVICE_HOST, ML_SERVICE_PORT and so on.
    """
    settings = settings_of(**{name: value for name, value in locals().items() if name != "demo"})
    from interfaces.serve import serve as run  # noqa: PLC0415 - the clients start without the service's imports

    with told_why_not(settings):
        run(settings, with_demo=demo)


def api(
    *,
    workers: Workers = None,
    host: Host = None,
    port: Port = None,
    home: Home = None,
    database_url: DatabaseUrl = None,
    artifacts: Artifacts = None,
    artifacts_cache_bytes: ArtifactsCacheBytes = None,
    nats_url: NatsUrl = None,
    nats_credentials: NatsCredentials = None,
    nats_tls_ca: NatsTlsCa = None,
    nats_tls_certificate: NatsTlsCertificate = None,
    nats_tls_key: NatsTlsKey = None,
    dataset_root: DatasetRoot = None,
    source_urls: SourceUrls = None,
    upload_max_bytes: UploadMaxBytes = None,
    predictor_memory_bytes: PredictorMemoryBytes = None,
    dask_address: DaskAddress = None,
    log_level: LogLevel = None,
) -> None:
    """Answer with several processes behind one port, beside a service or engine on the same data."""
    settings = settings_of(**{name: value for name, value in locals().items() if name != "workers"})
    from interfaces.api import run_api  # noqa: PLC0415 - see above

    with told_why_not(settings):
        run_api(settings, workers=workers or cores())


def worker(
    *,
    home: Home = None,
    database_url: DatabaseUrl = None,
    artifacts: Artifacts = None,
    artifacts_cache_bytes: ArtifactsCacheBytes = None,
    nats_url: NatsUrl = None,
    nats_credentials: NatsCredentials = None,
    nats_tls_ca: NatsTlsCa = None,
    nats_tls_certificate: NatsTlsCertificate = None,
    nats_tls_key: NatsTlsKey = None,
    lease_s: LeaseS = None,
    training_threads: Threads = None,
    worker_jobs: WorkerJobs = None,
    training_memory_bytes: TrainingMemoryBytes = None,
    training_time_s: TrainingTimeS = None,
    dask_address: DaskAddress = None,
    log_level: LogLevel = None,
    lifeline: Annotated[bool, typer.Option("--lifeline", hidden=True)] = False,
) -> None:
    """Run one more worker: on a service's data directory, or on the database, artifacts and NATS that it uses."""
    settings = settings_of(**{name: value for name, value in locals().items() if name != "lifeline"})
    from interfaces.bootstrap import ready_worker  # noqa: PLC0415 - see above
    from interfaces.neighbours import nats_address  # noqa: PLC0415 - see above

    bind(lifeline=lifeline)
    if settings.worker_jobs == 0:
        end("a worker that does 0 jobs at a time does none: give --worker-jobs 1 or more")
    if settings.needs_home and not settings.home.is_dir():
        elsewhere = "--database-url, --artifacts and --nats-url"
        end(f"there is no service at {settings.home}: start one, or give its --home, or all of {elsewhere}")
    with told_why_not(settings), ready_worker(settings, nats=nats_address(settings)) as ready:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ready.stop())
        ready.run()


def engine(
    *,
    home: Home = None,
    database_url: DatabaseUrl = None,
    artifacts: Artifacts = None,
    artifacts_cache_bytes: ArtifactsCacheBytes = None,
    nats_url: NatsUrl = None,
    nats_credentials: NatsCredentials = None,
    nats_tls_ca: NatsTlsCa = None,
    nats_tls_certificate: NatsTlsCertificate = None,
    nats_tls_key: NatsTlsKey = None,
    lease_s: LeaseS = None,
    log_level: LogLevel = None,
) -> None:
    """Run one more engine, which takes over what keeps read models and jobs going when the first one is gone."""
    settings = settings_of(**locals())
    from interfaces.standby import run_engine  # noqa: PLC0415 - see above

    with told_why_not(settings):
        run_engine(settings)


def database(
    *,
    home: Home = None,
    database_service_url: DatabaseServiceUrl = None,
    nats_url: NatsUrl = None,
    nats_credentials: NatsCredentials = None,
    nats_tls_ca: NatsTlsCa = None,
    nats_tls_certificate: NatsTlsCertificate = None,
    nats_tls_key: NatsTlsKey = None,
    log_level: LogLevel = None,
    lifeline: Annotated[bool, typer.Option("--lifeline", hidden=True)] = False,
) -> None:
    """Run a Database Service, which keeps what readers see for the rest of a platform."""
    settings = settings_of(**{name: value for name, value in locals().items() if name != "lifeline"})
    from interfaces.database import run_database  # noqa: PLC0415 - see above
    from interfaces.neighbours import nats_address  # noqa: PLC0415 - see above

    bind(lifeline=lifeline)
    with told_why_not(settings):
        run_database(settings, address=nats_address(settings))
