"""Puts together what collects artifacts: it needs the settings, and no service that runs."""

from datetime import timedelta

from infrastructure.artifacts.collecting import collect
from infrastructure.artifacts.waste import waste_at
from infrastructure.system.clock import SystemClock
from interfaces.cli.artifacts import CollectedArtifact, CollectedArtifacts
from interfaces.cli.progress_bars import OnStep
from interfaces.maintenance import stored_log, told_as_endings
from interfaces.settings import Settings
from interfaces.stores import artifact_place, opened_artifacts, operation_database


class ArtifactCollection:
    """Removes the artifacts that nothing refers to.

    Args:
        settings: Where the log and the artifacts are.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, *, older_than: timedelta, is_dry_run: bool, on_step: OnStep) -> CollectedArtifacts:
        """Do so for those that were kept longer ago, and tell of them."""
        with told_as_endings():
            if self._settings.database_url is not None:
                with operation_database(self._settings) as operation:
                    opened_artifacts(self._settings, operation=operation)  # that they are this database's
            found = collect(
                stored_log(self._settings),
                waste_at(artifact_place(self._settings)),
                before=SystemClock().now() - older_than,
                is_dry_run=is_dry_run,
                on_step=on_step,
            )
        removed = [CollectedArtifact(*each) for each in found.removed]
        return CollectedArtifacts(removed=removed, lying=found.lying)
