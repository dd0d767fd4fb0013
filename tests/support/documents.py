"""Documents to fill read models with."""

from typing import Any
from uuid import UUID

CREATED_AT = "2026-01-31T09:30:00.000000Z"


def a_model(id_: UUID, **fields: Any) -> dict[str, Any]:
    """Return a model's document."""
    return {
        "id": str(id_),
        "name": f"model-{id_.int}",
        "description": None,
        "type": "classification",
        "latest_version": None,
        "production_version": None,
        "aggregate_version": 1,
        "created_at": CREATED_AT,
        "updated_at": CREATED_AT,
        "retired_at": None,
        "metadata": {},
        "aliases": {},
        **fields,
    }


def a_version(id_: UUID, model_id: UUID, **fields: Any) -> dict[str, Any]:
    """Return a version's document."""
    return {
        "id": str(id_),
        "model_id": str(model_id),
        "version": "1.0.0",
        "status": "staging",
        "artifact_url": None,
        "training_job_id": None,
        "dataset_id": None,
        "dataset_sha256": None,
        "created_at": CREATED_AT,
        "updated_at": CREATED_AT,
        "metrics": {},
        "hyperparameters": {},
        **fields,
    }
