"""A version that could not be loaded is known as such, with the reason, until it can be: in memory or not."""

import pytest

from application.health.probes import predictors
from application.inference import integrity
from application.ports.artifacts import ArtifactUnavailable
from application.ports.health import HealthStatus
from domain.inference.errors import NoProductionVersion, NotServable
from tests.support.fakes.predictors import FakePredictor

WHICH = "version 1.0.0 of model 'churn', in production, "
WHY = ": There are no bytes under artifact:one; put its artifact back from a backup, or promote another version"


@pytest.fixture
def serving(a_registry):
    return a_registry.serving


@pytest.fixture
def lose(a_loader):
    """Loses an artifact."""
    return lambda name: a_loader.predictors.pop(f"artifact:{name}")


def test_what_is_in_memory_is_not_made_ready_once_its_artifact_is_gone(
    a_registry, serving, a_promoted_model, lose, a_loader
):
    version = a_registry.version(a_promoted_model, "1.1.0")
    serving.resolve(("churn", "1.1.0"))
    lose("two")
    with pytest.raises(NotServable, match=r"There are no bytes under artifact:two\. Put its artifact back"):
        serving.make_ready(version, "production")
    assert serving.resolve(("churn", "1.1.0")).version == "1.1.0"
    a_loader.predictors["artifact:two"] = FakePredictor()
    serving.make_ready(version, "production")


def test_who_asks_for_what_cannot_be_loaded_is_told_what_is_wrong_and_what_its_operator_does(
    serving, a_promoted_model, lose
):
    lose("one")
    with pytest.raises(ArtifactUnavailable) as refused:
        serving.resolve(("churn", None))
    assert refused.value.message == (
        "Version 1.0.0 of model 'churn' cannot be loaded: There are no bytes under artifact:one. There is an "
        "answer as soon as an operator has put its artifact back from a backup, or promoted another version."
    )
    assert refused.value.details == {"model": str(a_promoted_model), "version": "1.0.0"}


@pytest.mark.usefixtures("a_promoted_model")
def test_a_version_in_production_that_cannot_be_loaded_is_told_of_until_it_can(serving, lose, a_loader):
    assert serving.integrity.in_production() == []
    lose("one")
    assert serving.integrity.in_production() == [f"{WHICH}cannot be loaded{WHY}"]
    a_loader.predictors["artifact:one"] = FakePredictor()
    assert serving.integrity.in_production() == []
    assert a_loader.loads == {}


@pytest.mark.usefixtures("a_promoted_model")
def test_a_version_in_production_that_answers_from_memory_alone_is_told_of(serving, lose):
    serving.resolve(("churn", None))
    lose("one")
    assert serving.integrity.in_production() == [f"{WHICH}answers from memory alone{WHY}"]
    serving.require_answer(("churn", None))
    assert serving.integrity.unanswerable(["artifact:one"]) == {}


@pytest.mark.usefixtures("a_promoted_model")
def test_only_what_is_in_production_and_meant_to_be_here_counts(a_registry, serving, lose):
    elsewhere = a_registry.register("elsewhere")
    a_registry.add_version(elsewhere, "1.0.0", "s3://elsewhere")
    a_registry.promote(elsewhere, "1.0.0")
    a_registry.retire(a_registry.register("retired", v1_0_0="artifact:three"))
    for name in ("two", "three"):
        lose(name)
    assert serving.integrity.in_production() == []
    assert serving.integrity.unanswerable(["artifact:one", "artifact:two"]) == {
        "artifact:two": "There are no bytes under artifact:two."
    }


def test_whether_a_request_would_be_answered_is_told_without_loading_anything(
    a_registry, serving, a_promoted_model, lose, a_loader
):
    serving.require_answer(("churn", None))
    lose("one")
    with pytest.raises(ArtifactUnavailable, match=r"Version 1\.0\.0 of model 'churn' cannot be loaded"):
        serving.require_answer(("churn", None))
    serving.require_answer(("churn", "1.1.0"))
    with pytest.raises(NoProductionVersion):
        serving.require_answer((str(a_registry.register("empty")), None))
    assert a_loader.loads == {}


def test_a_model_that_an_earlier_version_goes_on_answering_for_is_answered(
    a_registry, serving, a_promoted_model, lose
):
    serving.resolve(("churn", None))
    lose("two")
    a_registry.promote(a_promoted_model, "1.1.0")
    assert serving.ready(("churn", None)).version == "1.0.0"
    serving.require_answer(("churn", None))
    with pytest.raises(ArtifactUnavailable):
        serving.require_answer(("churn", "1.1.0"))


@pytest.mark.usefixtures("a_promoted_model")
def test_what_is_whole_and_could_not_be_loaded_all_the_same_is_told_of_until_it_is_loaded(serving, a_loader):
    def refuse(_):
        raise ArtifactUnavailable("LightGBM refuses its body")

    a_loader.before_load = refuse
    assert serving.integrity.in_production() == []
    with pytest.raises(ArtifactUnavailable):
        serving.resolve(("churn", None))
    for _ in range(2):
        (told,) = serving.integrity.in_production()
        assert "LightGBM refuses its body" in told
        with pytest.raises(ArtifactUnavailable, match="LightGBM refuses its body"):
            serving.require_answer(("churn", None))
    a_loader.before_load = lambda _: None
    serving.require_answer(("churn", None))
    assert serving.integrity.in_production() == []
    loads = a_loader.loads["artifact:one"]
    serving.require_answer(("churn", None))
    assert a_loader.loads["artifact:one"] == loads


def test_of_very_many_the_last_are_looked_at_the_next_time(a_registry, serving, a_loader, monkeypatch):
    for place in range(3):
        a_registry.register(f"model-{place}", v1_0_0="artifact:nowhere")
    assert len(serving.integrity.in_production()) == 3
    monkeypatch.setattr(integrity, "LOOK_S", -1.0)
    assert serving.integrity.unanswerable(["artifact:nowhere", "artifact:neither"]).keys() == {"artifact:nowhere"}


def test_the_health_tells_of_the_first_and_counts_the_others(a_registry, serving):
    for place in range(12):
        a_registry.register(f"model-{place:02}", v1_0_0="artifact:nowhere")
    found = predictors(serving)()
    assert found.status is HealthStatus.DEGRADED
    assert found.facts == {"late": 0, "unloadable": 12}
    assert found.problem.startswith("version 1.0.0 of model 'model-00', in production, cannot be loaded")
    assert found.problem.endswith("; and 2 more")
