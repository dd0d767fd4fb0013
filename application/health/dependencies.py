"""What the service cannot be without."""

from application.health import probes
from application.ports.health import Dependency
from application.service import Service


def own_dependencies(service: Service, *, database_url: str = "", artifacts_url: str = "") -> list[Dependency]:
    """Return the service's own stores, of which commands need the log alone, and predictions none.

    Args:
        service: Whose they are.
        database_url: Where events and read models are, without secrets; empty where nobody need know.
        artifacts_url: Where models and datasets are; likewise.
    """
    return [
        Dependency(
            name=probes.EVENT_STORE, url=database_url, probe=probes.event_store(service.ledger), is_vital=True
        ),
        Dependency(
            name=probes.READ_MODELS,
            url=database_url,
            probe=probes.read_models(
                service.progress, service.read_models, log=service.ledger, clock=service.clock
            ),
        ),
        Dependency(name=probes.ARTIFACT_STORE, url=artifacts_url, probe=probes.artifact_store(service.artifacts)),
        Dependency(name=probes.PREDICTORS, url=artifacts_url, probe=probes.predictors(service.serving)),
    ]
