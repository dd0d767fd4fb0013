"""Puts together what makes the read models anew, whether a service runs or not."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from eventsourcing.persistence import PersistenceError
from psycopg import Error as PostgresError
from sqlalchemy.exc import SQLAlchemyError

from application.ledger import Ledger
from infrastructure.postgres_connection import DatabaseURLInvalid
from infrastructure.read_models.building import Progress, Source
from infrastructure.read_models.projecting import ProjectionFailed
from infrastructure.read_models.rebuild import rebuild
from interfaces.cli.progress_bars import OnStep
from interfaces.cli.rebuild import RebuiltReadModels
from interfaces.cli.verdicts import Finding, Misused, OutOfReach
from interfaces.engine import PROJECTIONS
from interfaces.settings import Settings
from interfaces.stores import event_environment, read_model_generations, replay


def rebuild_read_models(settings: Settings, *, accept_differences: bool, on_step: OnStep) -> RebuiltReadModels:
    """Make the read models of a service anew from its log.

    Raises:
        Finding: A projection does not get past an event.
        OutOfReach: There is no log, or a database cannot be used.
        Misused: The database's URL is none.
    """
    if settings.database_url is None and not settings.events_path.exists():
        msg = f"there is no service at {settings.home}: give its --home"
        raise OutOfReach(msg)

    def on_progress(progress: Progress) -> None:
        on_step(progress.stage.value, progress.done, progress.total or None)

    with _ended(), ExitStack() as resources:
        ledger = resources.enter_context(Ledger(event_environment(settings)))
        generations = read_model_generations(settings)
        resources.callback(generations.close)
        rebuilt = rebuild(
            generations=generations,
            source=Source(log=ledger, replay=replay(settings, ledger), projections=PROJECTIONS),
            on_progress=on_progress,
            accept_differences=accept_differences,
        )
    return RebuiltReadModels(
        position=rebuilt.position,
        is_current=rebuilt.is_current,
        is_compared=rebuilt.is_compared,
        findings=[f"position {each.position}: {each.reason}" for each in rebuilt.differences],
    )


@contextmanager
def _ended() -> Iterator[None]:
    """Tell what went wrong in the words of the command line."""
    try:
        yield
    except ProjectionFailed as error:
        raise Finding(f"position {error.position}: {error.reason}") from error
    except DatabaseURLInvalid as error:
        raise Misused(str(error)) from error
    except (PersistenceError, PostgresError, SQLAlchemyError) as error:
        msg = f"the database cannot be used: {' '.join(str(error).split())}"
        raise OutOfReach(msg) from error
    except OSError as error:
        msg = f"{error.strerror or error}: {error.filename}"
        raise OutOfReach(msg) from error
