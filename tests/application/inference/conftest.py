import pytest

from tests.application.inference.registry import Registry
from tests.support.fakes.predictors import FakePredictor, FakePredictorLoader


@pytest.fixture
def a_loader():
    return FakePredictorLoader(one=FakePredictor(), two=FakePredictor(), three=FakePredictor())


@pytest.fixture
def a_registry(tmp_path, a_loader):
    """With room for two predictors."""
    registry = Registry(tmp_path, loader=a_loader, capacity_bytes=2_500)
    yield registry
    registry.close()


@pytest.fixture
def a_promoted_model(a_registry):
    return a_registry.register("churn", v1_0_0="artifact:one", v1_1_0="artifact:two")
