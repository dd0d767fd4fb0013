"""Models found by their versions."""

from typing import Any
from uuid import UUID

import pytest

from application.ports.filters import (
    And,
    IsNull,
    Not,
    Or,
)
from application.ports.read_models import ReadModels
from tests.contracts.read_models.questions import VERSIONS, A, B, C, field, found, is_, put
from tests.support.documents import a_model, a_version


@pytest.fixture
def models_with_versions(empty_models: ReadModels) -> ReadModels:
    ids = iter(range(100, 200))

    def version(model_id: UUID, **fields: Any) -> dict[str, Any]:
        return a_version(UUID(int=next(ids)), model_id, **fields)

    put(
        empty_models,
        a_model(A, name="split"),
        version(A, status="production", metrics={"auc": 0.8}),
        version(A, version="1.1.0", metrics={"auc": 0.95}),
        a_model(B, name="good"),
        version(B, status="production", metrics={"auc": 0.95}, hyperparameters={"num_leaves": 31}),
        a_model(C, name="bare"),
    )
    return empty_models


PRODUCTION, GOOD = is_("status", "=", "production"), is_("metrics.auc", ">", 0.9)


def test_a_model_is_found_by_one_version_that_fulfils_the_whole_condition(models_with_versions):
    assert found(models_with_versions, PRODUCTION) == [A, B]
    assert found(models_with_versions, GOOD) == [A, B]
    assert found(models_with_versions, And(conditions=(GOOD, PRODUCTION))) == [B]
    assert found(models_with_versions, is_("hyperparameters.num_leaves", "=", 31)) == [B]
    assert found(models_with_versions, is_("version", "=", "1.1.0")) == [A]


def test_a_condition_on_versions_is_never_true_of_a_model_without_any(models_with_versions):
    assert found(models_with_versions, Not(condition=PRODUCTION)) == [A]
    assert found(models_with_versions, Or(conditions=(PRODUCTION, is_("name", "=", "bare")))) == [A, B]
    assert found(models_with_versions, IsNull(field=field("metrics.rmse"))) == [A, B]


def test_a_condition_may_speak_of_the_model_and_its_version(models_with_versions):
    named = is_("name", "=", "split")
    assert found(models_with_versions, And(conditions=(named, And(conditions=(GOOD, PRODUCTION))))) == []
    assert found(models_with_versions, And(conditions=(named, And(conditions=(named, GOOD))))) == [A]
    assert found(models_with_versions, Or(conditions=(named, And(conditions=(GOOD, PRODUCTION))))) == [A, B]
    assert found(models_with_versions, Not(condition=Or(conditions=(named, GOOD)))) == []


def test_versions_count_as_they_were_at_the_position(models_with_versions):
    assert found(models_with_versions, And(conditions=(GOOD, PRODUCTION)), at=4) == []
    assert found(models_with_versions, PRODUCTION, at=2) == [A]
    later = models_with_versions.get(VERSIONS, UUID(int=100)) | {"status": "archived"}
    position = put(models_with_versions, later)
    assert found(models_with_versions, PRODUCTION) == [B]
    assert found(models_with_versions, PRODUCTION, at=position - 1) == [A, B]
