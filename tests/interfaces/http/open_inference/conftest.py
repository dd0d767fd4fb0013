"""The Open Inference Protocol over trained models, and over ones that tests can look into."""

import pytest

from tests.application.inference.registry import Registry
from tests.support.fakes.predictors import FakePredictor, FakePredictorLoader
from tests.support.open_inference import Protocol


@pytest.fixture(scope="module")
def a_protocol(trained_examples):
    """Over the examples, as they were learned."""
    with Protocol(trained_examples.registry) as protocol:
        yield protocol


@pytest.fixture
def a_loader():
    return FakePredictorLoader(one=FakePredictor(), two=FakePredictor())


@pytest.fixture
def a_registry(tmp_path, a_loader):
    registry = Registry(tmp_path, loader=a_loader, capacity_bytes=10**9)
    yield registry
    registry.close()


@pytest.fixture
def a_small_protocol(a_registry):
    """Over models that add up `age` and the code of `city` (Bern 0, Basel 1)."""
    a_registry.register("churn", v1_0_0="artifact:one", v1_1_0="artifact:two")
    with Protocol(a_registry, position=5) as protocol:
        yield protocol


@pytest.fixture(scope="module")
def an_unchanging_protocol():
    """Over such a model that nobody changes."""
    registry = Registry(None, loader=FakePredictorLoader(one=FakePredictor()))
    registry.register("churn", v1_0_0="artifact:one")
    with Protocol(registry) as protocol:
        yield protocol
    registry.close()
