"""Reports in the artifact store, beside the versions that they are on."""

from application.ports.artifacts import ArtifactStore, ArtifactUnavailable, url_of
from application.ports.trainer import Rival as RivalOrder
from domain.training.values import TrainingPlan
from infrastructure.evaluation.acquaintance import has_learned_from
from infrastructure.evaluation.report import Rival, evaluated
from infrastructure.learning.artifact import canonical_json, load_manifest
from infrastructure.learning.loading import ArtifactPredictorLoader, predictor_of
from infrastructure.learning.trained import Trained


def kept_report(
    plan: TrainingPlan, trained: Trained, rival: RivalOrder | None, *, artifacts: ArtifactStore
) -> str:
    """Make the report on what was trained, keep it, and return its URL; it is on disk then.

    It is no part of the version: the same plan gives the same version, whatever was in production then.

    Args:
        plan: What was trained by.
        trained: What came of it.
        rival: The version in production; None where there is none.
        artifacts: Where the rival is, and the report goes.
    """
    notes: tuple[str, ...] = ()
    against = None
    if rival is not None:
        try:
            loaded = ArtifactPredictorLoader(artifacts=artifacts).load(rival.artifact_url)
            knows = has_learned_from(load_manifest(artifacts, rival.artifact_url), plan)
            against = Rival(version=rival.version, predictor=loaded, has_seen=knows)
        except ArtifactUnavailable as why:
            notes = (f"Version {rival.version}, in production, was not compared with: {why.message}",)
    report = evaluated(
        plan, trained, predictor=predictor_of(trained.manifest, trained.parts), rival=against, notes=notes
    )
    return url_of(artifacts.put(canonical_json(report.model_dump(mode="json"))))
