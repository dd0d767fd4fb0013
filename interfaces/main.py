"""The command `ml-service`."""

from pathlib import Path
from typing import TYPE_CHECKING

from infrastructure.system.unseen import unseen
from interfaces.cli.app import app
from interfaces.cli.artifacts import artifact_commands
from interfaces.cli.audit import audit_commands
from interfaces.cli.backup import add_backup_commands
from interfaces.cli.mirror import MirrorReport, VerifiedMirror, mirror_commands
from interfaces.cli.progress_bars import OnStep
from interfaces.cli.rebuild import RebuiltReadModels, add_rebuild_command
from interfaces.cli.relay import RelayOperation, relay_commands
from interfaces.roles import add_roles
from interfaces.starting import settings_of

if TYPE_CHECKING:
    from interfaces.collecting import ArtifactCollection
    from interfaces.maintenance import ServiceMaintenance


def main() -> None:
    """Run the command line."""
    with unseen("pandas"):  # which Arrow imports wherever it is installed, and nothing here needs
        app()


def _maintenance(
    home: Path | None, database_url: str | None, *, artifacts: str | None = None
) -> "ServiceMaintenance":
    settings = settings_of(home=home, database_url=database_url, artifacts=artifacts)
    from interfaces.maintenance import ServiceMaintenance  # noqa: PLC0415 - see above

    return ServiceMaintenance(settings)


def _collection(home: Path | None, database_url: str | None, artifacts: str | None) -> "ArtifactCollection":
    settings = settings_of(home=home, database_url=database_url, artifacts=artifacts)
    from interfaces.collecting import ArtifactCollection  # noqa: PLC0415 - see above

    return ArtifactCollection(settings)


def _rebuild(
    home: Path | None, database_url: str | None, *, accept_differences: bool, on_step: OnStep
) -> RebuiltReadModels:
    settings = settings_of(home=home, database_url=database_url)
    from interfaces.rebuilding import rebuild_read_models  # noqa: PLC0415 - see above

    return rebuild_read_models(settings, accept_differences=accept_differences, on_step=on_step)


def _relay(home: Path | None, database_url: str | None) -> RelayOperation:
    settings = settings_of(home=home, database_url=database_url)
    from interfaces.relaying import ServiceRelay  # noqa: PLC0415 - see above

    return ServiceRelay(settings)


def _verify_mirror(
    home: Path | None, database_url: str | None, *, repairs: bool, on_step: OnStep
) -> VerifiedMirror:
    settings = settings_of(home=home, database_url=database_url)
    from interfaces.mirror_verification import verify_mirror  # noqa: PLC0415 - see above

    return verify_mirror(settings, repairs=repairs, on_step=on_step)


def _report_mirror(home: Path | None, database_url: str | None) -> MirrorReport:
    settings = settings_of(home=home, database_url=database_url)
    from interfaces.mirror_status import report_mirror  # noqa: PLC0415 - see above

    return report_mirror(settings)


add_roles(app)
app.add_typer(audit_commands(_maintenance), name="audit")
app.add_typer(artifact_commands(_collection), name="artifacts")
app.add_typer(relay_commands(_relay), name="relay")
app.add_typer(mirror_commands(_verify_mirror, _report_mirror), name="mirror")
add_backup_commands(app, _maintenance)
add_rebuild_command(app, _rebuild)


if __name__ == "__main__":
    main()
