"""A model that changes is answered by what it was until what it is has been loaded, and says truly which."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from application.ports.artifacts import ArtifactUnavailable
from domain.inference.errors import NoProductionVersion, NotServable
from domain.models.values import ModelStatus
from infrastructure.system.background import BackgroundThreads
from tests.application.inference.registry import Registry
from tests.support.fakes.predictors import FakePredictor

WITHIN_S = 60


@pytest.fixture
def serving(a_registry):
    return a_registry.serving


@pytest.fixture
def an_asked_model(a_registry, a_promoted_model):
    """One whose version in production has answered; what is to follow is loaded when the test says so."""
    a_registry.serving.resolve(("churn", None))
    a_registry.background.holds_back = True
    return a_promoted_model


def test_the_version_before_goes_on_answering_until_the_next_is_loaded(a_registry, serving, an_asked_model):
    a_registry.promote(an_asked_model, "1.1.0")
    before = serving.ready(("churn", None))
    assert (before.version, before.loaded.artifact_url) == ("1.0.0", "artifact:one")
    a_registry.background.do_next()
    after = serving.ready(("churn", None))
    assert (after.version, after.loaded.artifact_url) == ("1.1.0", "artifact:two")


def test_a_version_in_memory_is_swapped_in_before_anybody_is_told(a_registry, serving, an_asked_model):
    serving.resolve(("churn", "1.1.0"))
    for version in ("1.1.0", "1.0.0", "1.1.0"):
        a_registry.promote(an_asked_model, version)
        assert serving.ready(("churn", None)).version == version
        assert serving.swapping(str(an_asked_model), position=a_registry.position) is None
    assert a_registry.background.soon_tasks == []


def test_an_alias_that_moves_leads_its_requests_along(a_registry, serving, an_asked_model):
    a_registry.assign_alias(an_asked_model, "canary", "1.0.0")
    serving.resolve(("churn", "canary"))
    a_registry.assign_alias(an_asked_model, "canary", "1.1.0")
    assert serving.ready(("churn", "canary")).version == "1.0.0"
    a_registry.background.do_next()
    assert serving.ready(("churn", "canary")).version == "1.1.0"
    assert serving.ready(("churn", None)).version == "1.0.0"


@pytest.mark.parametrize(
    "change",
    [
        lambda registry, model: registry.retire(model),
        lambda registry, model: registry.set_status(model, "1.0.0", ModelStatus.ARCHIVED),
        lambda registry, model: registry.rename(model, "former"),
    ],
    ids=["retired", "archived", "renamed"],
)
def test_what_means_nothing_any_more_is_answered_no_longer(a_registry, serving, an_asked_model, change):
    change(a_registry, an_asked_model)
    assert serving.ready(("churn", None)) is None


@pytest.mark.parametrize("artifact_url", [None, "s3://elsewhere"])
def test_a_version_that_is_served_elsewhere_is_answered_for_by_no_other(
    a_registry, serving, an_asked_model, artifact_url
):
    a_registry.add_version(an_asked_model, "1.2.0", artifact_url)
    a_registry.promote(an_asked_model, "1.2.0")
    assert serving.ready(("churn", None)) is None
    with pytest.raises(NotServable):
        serving.resolve(("churn", None))


def test_who_wants_to_see_a_promotion_waits_for_its_version_and_nobody_else_does(
    a_registry, serving, an_asked_model
):
    before = a_registry.position
    a_registry.promote(an_asked_model, "1.1.0")
    swapping = serving.swapping(str(an_asked_model), position=a_registry.position)
    assert serving.swapping(str(an_asked_model), position=before) is None
    assert serving.swapping(str(UUID(int=7)), position=a_registry.position) is None
    assert not swapping.done()
    a_registry.background.do_next()
    assert swapping.done()
    assert serving.swapping(str(an_asked_model), position=a_registry.position) is None


def test_who_stops_waiting_leaves_others_waiting(a_registry, serving, an_asked_model):
    a_registry.promote(an_asked_model, "1.1.0")
    swapping = serving.swapping(str(an_asked_model), position=a_registry.position)
    assert not swapping.cancel()
    a_registry.background.do_next()
    assert swapping.result() is None


def test_a_promotion_that_is_taken_back_before_its_version_is_loaded_never_answers(
    a_registry, serving, an_asked_model
):
    a_registry.promote(an_asked_model, "1.1.0")
    a_registry.promote(an_asked_model, "1.0.0")
    assert serving.swapping(str(an_asked_model), position=a_registry.position) is None
    a_registry.background.do_next()
    assert serving.ready(("churn", None)).version == "1.0.0"
    assert serving.late() == (0, [])


def test_of_two_promotions_the_second_is_loaded_without_waiting_for_the_first(a_registry, serving, an_asked_model):
    a_registry.add_version(an_asked_model, "1.2.0", "artifact:three")
    a_registry.promote(an_asked_model, "1.1.0")
    a_registry.promote(an_asked_model, "1.2.0")
    a_registry.background.soon_tasks.reverse()
    a_registry.background.do_next()
    assert serving.ready(("churn", None)).version == "1.2.0"


def test_what_was_looked_up_before_a_promotion_is_not_swapped_in_after_it(
    a_registry, serving, an_asked_model, monkeypatch
):
    a_registry.add_version(an_asked_model, "1.2.0", "artifact:three")
    a_registry.promote(an_asked_model, "1.1.0")
    find = a_registry.read_models.find

    def find_and_promote(query):
        found = find(query)
        monkeypatch.undo()
        a_registry.promote(an_asked_model, "1.2.0")
        return found

    monkeypatch.setattr(a_registry.read_models, "find", find_and_promote)
    a_registry.background.do_next()
    assert serving.ready(("churn", None)).version == "1.0.0"
    assert serving.swapping(str(an_asked_model), position=a_registry.position) is not None
    a_registry.background.do_next()
    assert serving.ready(("churn", None)).version == "1.2.0"


def test_a_load_that_fails_leaves_the_version_before_and_is_tried_again_ever_later(
    a_registry, a_loader, serving, an_asked_model, caplog
):
    del a_loader.predictors["artifact:two"]
    background = a_registry.background
    a_registry.promote(an_asked_model, "1.1.0")
    swapping = serving.swapping(str(an_asked_model), position=a_registry.position)
    waits = []
    for _ in range(4):
        background.do_next()
        assert serving.ready(("churn", None)).version == "1.0.0"
        assert swapping.done()
        late, problems = serving.late()
        assert late == len(problems) == 1
        assert "artifact:two" in problems[0]
        waits.append(background.let_time_pass())
    assert waits == [1, 2, 4, 5]
    assert "artifact:two" in caplog.text
    a_loader.predictors["artifact:two"] = FakePredictor()
    background.do_next()
    assert serving.ready(("churn", None)).version == "1.1.0"
    assert serving.late() == (0, [])
    assert background.later_tasks == []


def test_a_load_that_fails_after_its_promotion_was_taken_back_concerns_nobody(
    a_registry, a_loader, serving, an_asked_model
):
    del a_loader.predictors["artifact:two"]
    a_registry.promote(an_asked_model, "1.1.0")
    a_registry.promote(an_asked_model, "1.0.0")
    a_registry.background.do_next()
    assert serving.late() == (0, [])
    assert a_registry.background.later_tasks == []


def test_read_models_that_cannot_be_read_are_asked_again(a_registry, serving, an_asked_model, monkeypatch):
    serving.resolve(("churn", "1.1.0"))

    def unreadable(*_, **__):
        raise OSError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(a_registry.read_models, "find", unreadable)
        a_registry.promote(an_asked_model, "1.1.0")
    assert "the disk is gone" in serving.late()[1][0]
    a_registry.background.let_time_pass()
    assert serving.ready(("churn", None)).version == "1.1.0"
    assert serving.late() == (0, [])


def test_a_swapped_in_version_is_as_lately_used_as_the_one_before(tmp_path, a_loader):
    a_loader.predictors |= {"artifact:four": FakePredictor(), "artifact:five": FakePredictor()}
    registry = Registry(tmp_path, loader=a_loader, capacity_bytes=3_500)
    model_id = registry.register("churn", v1_0_0="artifact:one", v1_1_0="artifact:two")
    registry.background.spend_spare_time()
    for name, artifact in [("older", "three"), ("newer", "four"), ("newest", "five")]:
        registry.register(name, v1_0_0=f"artifact:{artifact}")
    registry.serving.resolve(("older", None))
    registry.serving.resolve(("churn", None))
    registry.promote(model_id, "1.1.0")
    registry.serving.resolve(("newer", None))
    registry.serving.resolve(("newest", None))
    assert registry.serving.ready(("churn", None)).version == "1.1.0"
    assert registry.serving.ready(("older", None)) is None
    registry.close()


def test_a_version_is_made_ready_before_it_is_led_to(a_registry, a_loader, serving, a_promoted_model):
    serving.make_ready(a_registry.version(a_promoted_model, "1.1.0"), "production")
    assert a_loader.loads == {"artifact:two": 1}
    serving.make_ready(a_registry.version(a_promoted_model, "1.1.0"), "production")
    assert a_loader.loads == {"artifact:two": 1}


def test_what_cannot_be_loaded_is_never_made_ready(a_registry, serving, a_promoted_model):
    a_registry.add_version(a_promoted_model, "1.2.0", "artifact:nowhere")
    with pytest.raises(NotServable, match=r"There are no bytes under artifact:nowhere\. Put its artifact back"):
        serving.make_ready(a_registry.version(a_promoted_model, "1.2.0"), "production")


@pytest.mark.parametrize("artifact_url", [None, "s3://elsewhere"])
def test_what_is_served_elsewhere_needs_nothing_here(
    a_registry, a_loader, serving, a_promoted_model, artifact_url
):
    a_registry.add_version(a_promoted_model, "1.2.0", artifact_url)
    serving.make_ready(a_registry.version(a_promoted_model, "1.2.0"), "production")
    assert not a_loader.loads


def test_an_alias_that_nobody_asks_by_needs_no_loading(a_registry, a_loader, serving, a_promoted_model):
    version = a_registry.version(a_promoted_model, "1.1.0")
    serving.make_ready(version, "canary")
    assert not a_loader.loads
    a_registry.assign_alias(a_promoted_model, "canary", "1.0.0")
    serving.resolve(("churn", "canary"))
    serving.make_ready(version, "canary")
    assert a_loader.loads == {"artifact:one": 1, "artifact:two": 1}


def test_a_version_that_takes_long_to_load_is_promoted_all_the_same(
    a_registry, serving, an_asked_model, monkeypatch
):
    monkeypatch.setattr("application.inference.serving.READY_WITHIN_S", 0.001)
    serving.make_ready(a_registry.version(an_asked_model, "1.1.0"), "production")
    a_registry.promote(an_asked_model, "1.1.0")
    assert serving.ready(("churn", None)).version == "1.0.0"
    a_registry.background.do_next()
    a_registry.background.do_next()
    assert serving.ready(("churn", None)).version == "1.1.0"


def test_nobody_waits_while_a_version_is_loaded_to_be_swapped_in(tmp_path, a_loader):
    is_loading, may_go_on = threading.Event(), threading.Event()

    def wait(url):
        if url == "artifact:two":
            is_loading.set()
            assert may_go_on.wait(WITHIN_S)

    a_loader.before_load = wait
    with BackgroundThreads(name="test", threads=1) as background:
        registry = Registry(tmp_path, loader=a_loader, background=background)
        model_id = registry.register("churn", v1_0_0="artifact:one", v1_1_0="artifact:two")
        registry.register("other", v1_0_0="artifact:three")
        registry.serving.resolve(("churn", None))
        registry.promote(model_id, "1.1.0")
        assert is_loading.wait(WITHIN_S)
        swapping = registry.serving.swapping(str(model_id), position=registry.position)
        assert registry.serving.ready(("churn", None)).version == "1.0.0"
        assert registry.serving.resolve(("other", None)).version == "1.0.0"
        registry.rename(model_id, "churn")
        may_go_on.set()
        swapping.result(WITHIN_S)
        assert registry.serving.ready(("churn", None)).version == "1.1.0"
        registry.close()


def test_ten_requests_and_a_promotion_load_a_version_once(tmp_path, a_loader):
    with BackgroundThreads(name="test", threads=2) as background, ThreadPoolExecutor(10) as threads:
        registry = Registry(tmp_path, loader=a_loader, background=background)
        model_id = registry.register("churn", v1_0_0="artifact:one", v1_1_0="artifact:two")
        everybody = threading.Barrier(11)

        def ask(_):
            everybody.wait()
            return registry.serving.resolve(("churn", "1.1.0"))

        asked = [threads.submit(ask, each) for each in range(10)]
        everybody.wait()
        registry.serving.make_ready(registry.version(model_id, "1.1.0"), "production")
        registry.promote(model_id, "1.1.0")
        assert {each.result().version for each in asked} == {"1.1.0"}
        registry.close()
    assert a_loader.loads["artifact:two"] == 1


def test_a_process_that_is_told_late_follows_late(a_registry, a_promoted_model):
    """Another one leads: its read models show the page before this one is told of it."""
    a_registry.serving.resolve(("churn", None))
    a_registry.serving.resolve(("churn", "1.1.0"))
    a_registry.tells = False
    a_registry.promote(a_promoted_model, "1.1.0")
    assert a_registry.serving.ready(("churn", None)).version == "1.0.0"
    assert a_registry.serving.resolve(("churn", None)).version == "1.1.0"
    a_registry.tell()
    assert a_registry.serving.ready(("churn", None)).version == "1.1.0"


def test_a_failed_request_does_not_disturb_what_answers(a_registry, a_loader, serving, an_asked_model):
    del a_loader.predictors["artifact:two"]
    with pytest.raises(ArtifactUnavailable):
        serving.resolve(("churn", "1.1.0"))
    with pytest.raises(NoProductionVersion):
        serving.resolve((str(a_registry.register("empty")), None))
    assert serving.ready(("churn", None)).version == "1.0.0"
