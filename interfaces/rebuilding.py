"""Puts together what makes the read models anew: it needs the settings, and no service that runs."""

from contextlib import closing

from application.ledger import Ledger
from infrastructure.read_models.building import Progress
from infrastructure.read_models.projecting import ProjectionFailed
from infrastructure.read_models.rebuild import rebuild
from interfaces.cli.progress_bars import OnStep
from interfaces.cli.rebuild import RebuiltReadModels
from interfaces.cli.verdicts import Finding
from interfaces.maintenance import stored_log, told_as_endings
from interfaces.settings import Settings
from interfaces.stores import event_environment, read_model_generations, read_model_source


def rebuild_read_models(settings: Settings, *, accept_differences: bool, on_step: OnStep) -> RebuiltReadModels:
    """Make them anew, compare, and switch.

    Raises:
        Finding: A projection does not get past an event.
        OutOfReach: There is no log, or it cannot be read.
    """
    with told_as_endings():
        with stored_log(settings).snapshot():
            pass  # there is a log: the ledger would not ask, but make one
        return _rebuilt(settings, accept_differences=accept_differences, on_step=on_step)


def _rebuilt(settings: Settings, *, accept_differences: bool, on_step: OnStep) -> RebuiltReadModels:
    def on_progress(progress: Progress) -> None:
        on_step(progress.stage.value, progress.done, progress.total or None)

    with (
        Ledger(event_environment(settings)) as ledger,
        closing(read_model_generations(settings)) as generations,
    ):
        try:
            rebuilt = rebuild(
                generations=generations,
                source=read_model_source(settings, ledger),
                on_progress=on_progress,
                accept_differences=accept_differences,
            )
        except ProjectionFailed as failed:
            raise Finding(f"position {failed.position}: {failed.reason}") from failed
    return RebuiltReadModels(
        position=rebuilt.position,
        is_current=rebuilt.is_current,
        is_compared=rebuilt.is_compared,
        findings=[str(each) for each in rebuilt.differences],
    )
