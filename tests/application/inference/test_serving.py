"""A request reaches the version it means, in memory, and no other."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from application.inference.routes import ROUTES_MAX
from application.ports.artifacts import ArtifactUnavailable
from domain.inference.errors import NoProductionVersion, NotServable
from domain.models.errors import ModelNotFound, RetiredModel, VersionNotFound
from domain.models.values import ModelStatus
from tests.support.fakes.predictors import FakePredictor


def answering(served):
    return served.model_id, served.version, served.loaded.artifact_url


def test_without_a_version_the_one_in_production_answers(a_registry, a_promoted_model):
    expected = (str(a_promoted_model), "1.0.0", "artifact:one")
    assert answering(a_registry.serving.resolve(("churn", None))) == expected
    assert answering(a_registry.serving.resolve((str(a_promoted_model), "production"))) == expected


def test_a_version_is_meant_by_number_id_or_alias(a_registry, a_promoted_model):
    version_id = a_registry.add_version(a_promoted_model, "1.2.0", "artifact:three")
    a_registry.assign_alias(a_promoted_model, "canary", "1.2.0")
    for reference in ("1.2.0", str(version_id), str(version_id).upper(), "canary"):
        served = a_registry.serving.resolve(("churn", reference))
        assert answering(served) == (str(a_promoted_model), "1.2.0", "artifact:three")


def test_what_was_resolved_is_ready_from_then_on(a_registry, a_promoted_model):
    assert a_registry.serving.ready(("churn", None)) is None
    served = a_registry.serving.resolve(("churn", None))
    assert a_registry.serving.ready(("churn", None)) is served
    assert a_registry.serving.ready(("churn", "1.0.0")) is None


@pytest.mark.usefixtures("a_promoted_model")
def test_what_cannot_answer_is_said_with_its_reason(a_registry):
    empty = a_registry.register("empty")
    a_registry.add_version(empty, "1.0.0", None)
    a_registry.add_version(empty, "1.1.0", "artifact:nowhere")
    retired = a_registry.register("retired", v1_0_0="artifact:one")
    a_registry.retire(retired)
    for request, error in [
        (("nobody", None), ModelNotFound),
        ((str(UUID(int=7)), None), ModelNotFound),
        (("retired", None), ModelNotFound),
        ((str(retired), None), RetiredModel),
        (("churn", "9.9.9"), VersionNotFound),
        (("empty", None), NoProductionVersion),
        (("empty", "production"), VersionNotFound),
        (("empty", "1.0.0"), NotServable),
        (("empty", "1.1.0"), ArtifactUnavailable),
    ]:
        with pytest.raises(error):
            a_registry.serving.resolve(request)
        assert a_registry.serving.ready(request) is None


def test_a_promotion_is_seen_by_the_next_request(a_registry, a_promoted_model):
    a_registry.serving.resolve(("churn", None))
    a_registry.promote(a_promoted_model, "1.1.0")
    assert a_registry.serving.ready(("churn", None)).version == "1.1.0"
    assert a_registry.serving.resolve(("churn", None)).version == "1.1.0"


def test_a_demoted_version_leaves_nothing_in_production(a_registry, a_promoted_model):
    a_registry.serving.resolve(("churn", None))
    a_registry.set_status(a_promoted_model, "1.0.0", ModelStatus.ARCHIVED)
    with pytest.raises(NoProductionVersion):
        a_registry.serving.resolve(("churn", None))


def test_a_name_leads_to_whoever_holds_it_now(a_registry, a_promoted_model):
    other = a_registry.register("other", v1_0_0="artifact:three")
    a_registry.serving.resolve(("churn", None))
    a_registry.rename(a_promoted_model, "former")
    a_registry.rename(other, "churn")
    assert a_registry.serving.resolve(("churn", None)).model_id == str(other)


def test_what_happens_to_one_model_leaves_the_routes_of_others(a_registry, a_promoted_model):
    a_registry.serving.resolve(("churn", None))
    a_registry.register("other", v1_0_0="artifact:three")
    assert a_registry.serving.ready(("churn", None)) is not None


@pytest.mark.parametrize("spelling", ["name", "id", "id without dashes"])
def test_a_refreshed_model_is_looked_up_anew_however_it_is_asked_for(a_registry, a_promoted_model, spelling):
    other = a_registry.register("prices", v1_0_0="artifact:two", v1_1_0="artifact:one")
    asked = [("churn", None), (str(a_promoted_model), "1.0.0"), ("prices", None), (str(other), None)]
    for request in asked:
        a_registry.serving.resolve(request)
    a_registry.tells = False
    a_registry.promote(a_promoted_model, "1.1.0")
    a_registry.promote(other, "1.1.0")
    names = {"name": "churn", "id": str(a_promoted_model), "id without dashes": a_promoted_model.hex}
    a_registry.serving.refresh(names[spelling])
    found = [a_registry.serving.ready(request).version for request in asked]
    assert found == ["1.1.0", "1.0.0", "1.0.0", "1.0.0"]


def test_a_promotion_while_the_old_version_loads_is_not_lost(a_registry, a_loader, a_promoted_model):
    """The request that overlaps may be answered by either; what comes after it may not."""
    a_loader.before_load = lambda url: a_registry.promote(a_promoted_model, "1.1.0") if "one" in url else None
    assert a_registry.serving.resolve(("churn", None)).version == "1.0.0"
    assert a_registry.serving.ready(("churn", None)) is None
    assert a_registry.serving.resolve(("churn", None)).version == "1.1.0"


def test_what_happens_to_others_does_not_keep_a_model_from_becoming_ready(a_registry, a_loader, a_promoted_model):
    a_loader.before_load = lambda url: a_registry.register(f"beside {url}")
    a_registry.serving.resolve(("churn", None))
    assert a_registry.serving.ready(("churn", None)) is not None


def test_ten_requests_for_a_cold_model_load_it_once(a_registry, a_loader, a_promoted_model):
    everybody = threading.Barrier(10)

    def ask(_):
        everybody.wait()
        return a_registry.serving.resolve(("churn", None))

    with ThreadPoolExecutor(10) as threads:
        served = list(threads.map(ask, range(10)))
    assert {answering(each) for each in served} == {(str(a_promoted_model), "1.0.0", "artifact:one")}
    assert a_loader.loads == {"artifact:one": 1}


@pytest.mark.usefixtures("a_promoted_model")
def test_a_failing_load_fails_for_all_who_wait_and_is_tried_again(a_registry, a_loader):
    is_loading, may_go_on = threading.Event(), threading.Event()

    def fail(_):
        is_loading.set()
        may_go_on.wait()
        raise ArtifactUnavailable("damaged")

    a_loader.before_load = fail
    with ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(a_registry.serving.resolve, ("churn", None)) for _ in range(3)]
        is_loading.wait()
        may_go_on.set()
        for each in asked:
            with pytest.raises(ArtifactUnavailable):
                each.result()
    a_loader.before_load = lambda _: None
    assert a_registry.serving.resolve(("churn", None)).version == "1.0.0"


@pytest.mark.usefixtures("a_promoted_model")
def test_nobody_waits_for_the_load_of_another_model(a_registry, a_loader):
    a_registry.register("other", v1_0_0="artifact:three")
    is_loading, may_go_on = threading.Event(), threading.Event()

    def wait(url):
        if url == "artifact:one":
            is_loading.set()
            may_go_on.wait()

    a_loader.before_load = wait
    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(a_registry.serving.resolve, ("churn", None))
        is_loading.wait()
        assert a_registry.serving.resolve(("other", None)).version == "1.0.0"
        assert not slow.done()
        may_go_on.set()
        assert slow.result().version == "1.0.0"


def test_the_predictor_longest_unused_leaves_when_memory_is_short(a_registry, a_promoted_model):
    serving = a_registry.serving
    a_registry.register("other", v1_0_0="artifact:three")
    serving.resolve(("churn", "1.0.0"))
    serving.resolve(("churn", "1.1.0"))
    assert serving.ready(("churn", "1.0.0")) is not None
    serving.resolve(("other", None))
    assert serving.ready(("churn", "1.1.0")) is None
    assert serving.ready(("churn", "1.0.0")) is not None
    assert serving.resolve(("churn", "1.1.0")).model_id == str(a_promoted_model)


@pytest.mark.usefixtures("a_promoted_model")
def test_a_predictor_larger_than_all_memory_still_answers(a_registry, a_loader):
    a_loader.predictors["artifact:one"] = FakePredictor(size_bytes=10**9)
    assert a_registry.serving.resolve(("churn", None)).version == "1.0.0"
    assert a_registry.serving.ready(("churn", None)) is not None
    a_registry.serving.resolve(("churn", "1.1.0"))
    assert a_registry.serving.ready(("churn", None)) is None


@pytest.mark.usefixtures("a_promoted_model")
def test_a_predictor_that_leaves_before_it_is_ready_does_not_stay_uncounted(a_registry, a_loader, monkeypatch):
    large = FakePredictor(size_bytes=2_000)
    a_loader.predictors |= {"artifact:one": large, "artifact:two": large}
    serving = a_registry.serving
    get = serving._predictors.get

    def get_and_lose(url):
        loaded = get(url)
        monkeypatch.undo()
        serving.resolve(("churn", "1.1.0"))
        return loaded

    monkeypatch.setattr(serving._predictors, "get", get_and_lose)
    assert serving.resolve(("churn", "1.0.0")).version == "1.0.0"
    ready = [version for version in ("1.0.0", "1.1.0") if serving.ready(("churn", version)) is not None]
    assert ready == ["1.1.0"]


def test_countless_spellings_of_one_model_do_not_pile_up(a_registry, a_promoted_model, monkeypatch):
    monkeypatch.setattr("application.inference.routes.ROUTES_MAX", 5)
    assert ROUTES_MAX > 5
    spellings = [f"{'{' * count}{a_promoted_model}" for count in range(12)]
    for spelling in spellings:
        a_registry.serving.resolve((spelling, None))
    assert sum(a_registry.serving.ready((spelling, None)) is not None for spelling in spellings) <= 5
    assert a_registry.serving.ready((spellings[-1], None)) is not None


def test_promotions_under_load_never_refuse_and_never_answer_with_the_past(a_registry):
    model_id = a_registry.register("busy", v1_0_0="artifact:one")
    artifacts = ("artifact:one", "artifact:two", "artifact:three")
    for minor in range(1, 21):
        a_registry.add_version(model_id, f"1.{minor}.0", artifacts[minor % 3])
    promoted = [0]
    is_over = threading.Event()

    def ask():
        answers = 0
        while not is_over.is_set() or answers == 0:
            before = promoted[-1]
            served = a_registry.serving.ready(("busy", None)) or a_registry.serving.resolve(("busy", None))
            assert int(served.version.split(".")[1]) >= before
            answers += 1
        return answers

    with ThreadPoolExecutor(2) as threads:
        asking = [threads.submit(ask) for _ in range(2)]
        for minor in range(1, 21):
            a_registry.promote(model_id, f"1.{minor}.0")
            promoted.append(minor)
        is_over.set()
        assert all(each.result() > 0 for each in asking)
