"""What is likely to be asked for is loaded before it is, at nobody's expense."""

import pytest

from application.inference.warming import WAITING_MAX
from domain.models.values import ModelStatus
from infrastructure.system.background import BackgroundThreads
from tests.application.inference.registry import Registry
from tests.support.fakes.predictors import FakePredictor, FakePredictorLoader
from tests.support.processes import eventually


@pytest.fixture
def serving(a_registry):
    return a_registry.serving


def loads_of(loader):
    return sorted(url.removeprefix("artifact:") for url in loader.loads.elements())


def restarted(tmp_path, registry, loader, *, capacity_bytes=10_000):
    """Return the registry as another process finds it."""
    started = Registry(tmp_path, loader=loader, capacity_bytes=capacity_bytes)
    started.serving.warm_up()
    started.background.spend_spare_time()
    return started


def test_a_version_in_staging_is_loaded_before_anybody_asks(a_registry, a_loader, a_promoted_model):
    a_registry.background.spend_spare_time()
    assert a_loader.loads["artifact:two"] == 1
    a_registry.serving.resolve(("churn", None))
    a_registry.promote(a_promoted_model, "1.1.0")
    assert a_registry.serving.ready(("churn", None)).version == "1.1.0"
    assert a_loader.loads["artifact:two"] == 1


def test_a_version_that_goes_back_to_staging_is_loaded_again(a_registry, a_loader, a_promoted_model):
    a_registry.set_status(a_promoted_model, "1.1.0", ModelStatus.ARCHIVED)
    a_registry.background.spend_spare_time()
    assert a_loader.loads["artifact:two"] == 0
    a_registry.set_status(a_promoted_model, "1.1.0", ModelStatus.STAGING)
    a_registry.background.spend_spare_time()
    assert a_loader.loads["artifact:two"] == 1


def test_what_has_left_staging_or_service_meanwhile_is_not_loaded(a_registry, a_loader):
    a_registry.retire(a_registry.register("retired", v1_0_0="artifact:one"))
    archived = a_registry.register("archived")
    a_registry.add_version(archived, "1.0.0", "artifact:two")
    a_registry.set_status(archived, "1.0.0", ModelStatus.ARCHIVED)
    a_registry.background.spend_spare_time()
    assert loads_of(a_loader) == []


@pytest.mark.parametrize("artifact_url", [None, "s3://elsewhere", "artifact:nowhere"])
def test_what_cannot_be_loaded_keeps_nothing_else_from_being(a_registry, a_loader, artifact_url):
    model_id = a_registry.register("churn")
    a_registry.add_version(model_id, "1.0.0", artifact_url)
    a_registry.register("other", v1_0_0="artifact:one")
    a_registry.background.spend_spare_time()
    assert a_loader.loads["artifact:one"] == 1
    assert a_loader.loads["s3://elsewhere"] == 0


def test_of_a_model_with_many_new_versions_the_last_is_loaded(a_registry, a_loader):
    model_id = a_registry.register("churn")
    for minor, name in enumerate(("one", "two", "three")):
        a_registry.add_version(model_id, f"1.{minor}.0", f"artifact:{name}")
    a_registry.background.spend_spare_time()
    assert loads_of(a_loader) == ["three"]


def test_of_very_many_models_with_new_versions_the_last_are_loaded(tmp_path):
    names = [f"m{number}" for number in range(WAITING_MAX + 3)]
    loader = FakePredictorLoader(**{name: FakePredictor() for name in names})
    registry = Registry(tmp_path, loader=loader)
    for name in names:
        registry.add_version(registry.register(name), "1.0.0", f"artifact:{name}")
    registry.background.spend_spare_time()
    assert set(loads_of(loader)) == set(names[3:])
    registry.close()


def test_what_is_in_use_leaves_for_nothing_that_is_only_likely(a_registry, a_loader, serving):
    """There is room for two."""
    a_registry.register("first", v1_0_0="artifact:one")
    a_registry.register("second", v1_0_0="artifact:two")
    serving.resolve(("first", None))
    serving.resolve(("second", None))
    a_registry.add_version(a_registry.register("likely"), "1.0.0", "artifact:three")
    a_registry.background.spend_spare_time()
    assert a_loader.loads["artifact:three"] == 1
    assert serving.ready(("first", None)) is not None
    assert serving.ready(("second", None)) is not None
    assert sum(serving.sizes_bytes()) == 2_000


def test_what_was_loaded_ahead_and_never_used_is_the_first_to_leave(a_registry, a_loader, serving):
    a_registry.register("used", v1_0_0="artifact:one")
    serving.resolve(("used", None))
    a_registry.add_version(a_registry.register("likely"), "1.0.0", "artifact:two")
    a_registry.background.spend_spare_time()
    a_registry.register("wanted", v1_0_0="artifact:three")
    serving.resolve(("wanted", None))
    assert serving.ready(("used", None)) is not None
    serving.resolve(("likely", "1.0.0"))
    assert a_loader.loads["artifact:two"] == 2


def test_what_requests_lead_to_no_longer_makes_room_for_what_is_likely(a_registry, a_loader, a_promoted_model):
    """Version 1.0.0 is archived, and was used."""
    serving = a_registry.serving
    serving.resolve(("churn", None))
    a_registry.promote(a_promoted_model, "1.1.0")
    a_registry.add_version(a_promoted_model, "1.2.0", "artifact:three")
    a_registry.background.spend_spare_time()
    a_registry.promote(a_promoted_model, "1.2.0")
    assert serving.ready(("churn", None)).version == "1.2.0"
    assert a_loader.loads["artifact:three"] == 1


def test_who_asks_for_what_is_being_loaded_ahead_shares_the_load_and_keeps_it(a_registry, a_loader, serving):
    a_registry.register("used", v1_0_0="artifact:one")
    a_registry.register("also", v1_0_0="artifact:two")
    a_registry.background.spend_spare_time()
    serving.resolve(("used", None))
    serving.resolve(("also", None))
    a_registry.register("likely", v1_0_0="artifact:three")
    with BackgroundThreads(name="test", threads=1) as threads:
        asked = []

        def ask(url):
            asked.append(threads.soon(lambda: serving.resolve(("likely", None))))
            assert eventually(lambda: serving._predictors._loads[url].is_wanted)

        a_loader.before_load = ask
        a_registry.background.spend_spare_time()
        assert asked[0].result(60).version == "1.0.0"
    assert serving.ready(("likely", None)) is not None
    assert a_loader.loads["artifact:three"] == 1


def test_at_the_start_production_is_loaded_and_then_the_newest_in_staging(tmp_path, a_registry, a_loader):
    a_loader.predictors["artifact:four"] = FakePredictor()
    a_registry.register("churn", v1_0_0="artifact:one", v1_1_0="artifact:two", v1_2_0="artifact:three")
    a_registry.retire(a_registry.register("retired", v1_0_0="artifact:four"))
    started = restarted(tmp_path, a_registry, a_loader)
    assert list(a_loader.loads) == ["artifact:one", "artifact:three"]
    started.close()


def test_at_the_start_no_more_is_loaded_than_there_is_room_for(tmp_path, a_registry, a_loader):
    for name in ("one", "two", "three"):
        a_registry.register(name, v1_0_0=f"artifact:{name}")
    started = restarted(tmp_path, a_registry, a_loader, capacity_bytes=1_500)
    assert len(a_loader.loads) == 2
    assert started.serving.sizes_bytes() == [1_000]
    started.close()
