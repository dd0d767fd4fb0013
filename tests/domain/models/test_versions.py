"""Versions: numbers, statuses, and how they are found."""

from itertools import product
from uuid import UUID

import pytest

from domain.errors import InvalidInput
from domain.models import model as models
from domain.models.errors import NumberTaken, RetiredModel, StatusMoveRefused, VersionNotFound
from domain.models.events import VersionRegistered, VersionStatusChanged, VersionVerified
from domain.models.values import Difference, ModelStatus, Reproduction
from tests.domain.histories import (
    a_model,
    a_model_with_a_version_in,
    a_model_with_versions,
    a_retired_model,
    a_version,
    version_id,
)
from tests.support.given import fact

STAGING, PRODUCTION = ModelStatus.STAGING, ModelStatus.PRODUCTION
ARCHIVED, DEPRECATED = ModelStatus.ARCHIVED, ModelStatus.DEPRECATED

ALLOWED = {
    (STAGING, PRODUCTION),
    (STAGING, ARCHIVED),
    (PRODUCTION, ARCHIVED),
    (PRODUCTION, DEPRECATED),
    (DEPRECATED, PRODUCTION),
    (DEPRECATED, ARCHIVED),
    (ARCHIVED, PRODUCTION),
    (ARCHIVED, STAGING),
}


def test_versions_of_a_model_are_numbered_from_1_0_0():
    model = a_model_with_versions(3).state
    assert list(model.numbers) == ["1.0.0", "1.1.0", "1.2.0"]
    assert model.latest_id == version_id(2)


def test_a_new_version_is_in_staging_and_knows_its_place_in_the_history():
    story = a_model_with_versions(1)
    story.when(models.register_version, **a_version(1, metrics={"auc": 0.5})).then(
        fact(VersionRegistered, version="1.1.0", version_id=version_id(1), metrics={"auc": 0.5})
    )
    version = models.find_version(a_model_with_versions(2).state, "1.1.0")
    assert (version.status, version.registered_at) == (STAGING, 3)


def test_a_number_given_is_used():
    model = a_model().after(models.register_version, **a_version(0, number="2.0.0-rc.1")).state
    assert list(model.numbers) == ["2.0.0-rc.1"]
    assert model.next_minor == 0


def test_trained_versions_go_on_after_a_number_of_their_own_form():
    story = a_model().after(models.register_version, **a_version(0, number="1.7.0"))
    story.when(models.register_version, **a_version(1)).then(fact(VersionRegistered, version="1.8.0"))


def test_a_lower_number_of_their_own_form_does_not_lead_trained_versions_back():
    story = a_model().after(models.register_version, **a_version(0, number="1.7.0"))
    story = story.after(models.register_version, **a_version(1, number="1.3.0"))
    story.when(models.register_version, **a_version(2)).then(fact(VersionRegistered, version="1.8.0"))


def test_a_number_is_never_used_twice():
    story = a_model_with_versions(1)
    error = story.when(models.register_version, **a_version(1, number="1.0.0")).not_granted(
        NumberTaken, "model.version-number-taken"
    )
    assert error.details == {"version": "1.0.0"}


@pytest.mark.parametrize("number", ["", "production", "best", "1/0", "x1.0", "\ud800", "1." + "0" * 300])
def test_a_number_looks_like_a_version_number(number):
    decided = a_model().when(models.register_version, **a_version(0, number=number))
    error = decided.not_granted(InvalidInput, "request.invalid")
    assert error.problems[0].field == "version"


@pytest.mark.parametrize("number", ["1", "v7", "1.4.0", "2.0.0-rc.1", "1.0+cpu", "2026.03.01"])
def test_numbers_of_many_schemes_are_accepted(number):
    story = a_model().after(models.register_version, **a_version(0, number=number))
    assert models.find_version(story.state, number).id == version_id(0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_metric_is_a_finite_number(value):
    decided = a_model().when(models.register_version, **a_version(0, metrics={"auc": value}))
    assert decided.not_granted(InvalidInput, "request.invalid").problems[0].field == "metrics.auc"


@pytest.mark.parametrize(("origin", "to"), list(product(ModelStatus, repeat=2)))
def test_a_version_moves_only_where_its_status_allows(origin, to):
    story = a_model_with_a_version_in(origin)
    decided = story.when(models.change_status, reference="1.0.0", status=to)
    if origin == to:
        decided.then()
    elif (origin, to) in ALLOWED:
        decided.then(fact(VersionStatusChanged, version="1.0.0", previous=origin, status=to))
        model = story.after(models.change_status, reference="1.0.0", status=to).state
        assert models.find_version(model, "1.0.0").status == to
        assert model.production_id == (version_id(0) if to is PRODUCTION else None)
    else:
        error = decided.not_granted(StatusMoveRefused, "model.status-move-refused")
        assert error.details["allowed"] == sorted(to for each, to in ALLOWED if each == origin)


def test_a_promoted_version_retires_the_one_before_it():
    story = a_model_with_versions(2).after(models.change_status, reference="1.0.0", status=PRODUCTION)
    promote = {"reference": "1.1.0", "status": PRODUCTION}
    story.when(models.change_status, **promote).then(
        fact(VersionStatusChanged, version="1.0.0", previous=PRODUCTION, status=ARCHIVED, originator_version=5),
        fact(VersionStatusChanged, version="1.1.0", previous=STAGING, status=PRODUCTION, originator_version=6),
    )
    model = story.after(models.change_status, **promote).state
    assert model.production_id == version_id(1)
    assert [each.status for each in model.versions.values()] == [ARCHIVED, PRODUCTION]


def test_an_archived_version_can_be_rolled_back_to():
    story = a_model_with_versions(2)
    for number in ("1.0.0", "1.1.0"):
        story = story.after(models.change_status, reference=number, status=PRODUCTION)
    model = story.after(models.change_status, reference="1.0.0", status=PRODUCTION).state
    assert model.production_id == version_id(0)
    assert models.find_version(model, "1.1.0").status is ARCHIVED


def test_another_version_moving_leaves_production_alone():
    story = a_model_with_versions(2).after(models.change_status, reference="1.0.0", status=PRODUCTION)
    assert story.after(models.change_status, reference="1.1.0", status=ARCHIVED).state.production_id == version_id(
        0
    )


@pytest.mark.parametrize(
    "reference", ["9.9.9", "", "best", "production", str(version_id(7)), "\ud800", "URN:UUID:x"]
)
def test_a_version_that_is_not_there_cannot_move(reference):
    decided = a_model_with_versions(1).when(models.change_status, reference=reference, status=ARCHIVED)
    assert decided.not_granted(VersionNotFound, "model.version-not-found").details == {"version": reference}


@pytest.mark.parametrize(
    "reference",
    [
        "1.0.0",
        str(version_id(0)),
        str(version_id(0)).upper(),
        version_id(0).hex,
        "caf\u00e9",
        "cafe\u0301",
        "production",
    ],
)
def test_a_version_is_found_by_number_id_alias_or_being_in_production(reference):
    story = a_model_with_versions(2).after(models.assign_alias, alias="caf\u00e9", reference="1.0.0")
    story = story.after(models.change_status, reference="1.0.0", status=PRODUCTION)
    assert models.find_version(story.state, reference).number == "1.0.0"


def test_what_came_of_training_a_version_again_is_kept_and_the_newest_is_found():
    differences = (Difference(what="parts.trees", expected="ab", actual="cd"),)
    same, other = (
        {
            "reference": "1.0.0",
            "training_job_id": UUID(int=number),
            "reproduction": Reproduction(reproduced=not differing, differences=differing),
        }
        for number, differing in enumerate([(), differences])
    )
    story = a_model_with_versions(2)
    story.when(models.verify_version, **other).then(
        fact(
            VersionVerified,
            version="1.0.0",
            version_id=version_id(0),
            training_job_id=UUID(int=1),
            reproduced=False,
            differences=tuple(each.model_dump() for each in differences),
        )
    )
    model = story.after(models.verify_version, **other).after(models.verify_version, **same).state
    assert dict(model.verified_at) == {version_id(0): 5}
    assert list(model.numbers) == ["1.0.0", "1.1.0"]


@pytest.mark.parametrize(
    ("story", "error"), [(a_retired_model(), RetiredModel), (a_model(), VersionNotFound)], ids=["retired", "none"]
)
def test_a_version_that_serves_no_more_or_never_was_is_not_verified(story, error):
    story.when(
        models.verify_version,
        reference="1.0.0",
        training_job_id=UUID(int=1),
        reproduction=Reproduction(reproduced=True, differences=()),
    ).not_granted(error, error.code)
