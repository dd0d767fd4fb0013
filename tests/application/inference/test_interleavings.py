"""However promotions, loads and requests come one upon the other, what answers was in production meanwhile."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from uuid import UUID

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from application.ports.artifacts import ArtifactUnavailable
from application.ports.read_models import Document, Query
from domain.inference.errors import NoProductionVersion
from domain.models.errors import VersionNotFound
from tests.application.inference.registry import Registry
from tests.support.examples import examples
from tests.support.fakes.predictors import FakePredictor, FakePredictorLoader

ARTIFACTS = {"1.0.0": "artifact:one", "1.1.0": "artifact:two", "1.2.0": "artifact:three"}
VERSIONS = st.sampled_from(sorted(ARTIFACTS))
MEANWHILE = st.lists(VERSIONS, max_size=2)
REQUESTS = st.sampled_from([("churn", None), ("churn", "production"), ("prices", None)])


class Promotions(RuleBasedStateMachine):
    """Two models, a memory that may be too small for all, and what happens while a predictor is being loaded.

    Where `told` lags behind `in_production`, another process leads, and this one hears of it later.
    """

    @initialize(capacity_bytes=st.sampled_from([1_500, 2_500, 10_000]))
    def begin(self, capacity_bytes: int) -> None:
        self.loader = FakePredictorLoader(one=FakePredictor(), two=FakePredictor(), three=FakePredictor())
        self.loader.before_load = lambda _: self._meanwhile(self.promoted_while_loading)
        self.capacity_bytes = capacity_bytes
        self.registry = Registry(None, loader=self.loader, capacity_bytes=capacity_bytes)
        read_models = self.registry.read_models
        read_models.find = partial(self._read_and_interrupted, read_models.find)
        self.registry.tells = False
        self.registry.background.holds_back = True
        numbered = {f"v{version.replace('.', '_')}": artifact for version, artifact in ARTIFACTS.items()}
        self.models = {name: self.registry.register(name, **numbered) for name in ("churn", "prices")}
        self.registry.tell()
        self.in_production: dict[str, list[str | None]] = {name: ["1.0.0"] for name in self.models}
        self.told = dict.fromkeys(self.models, 0)
        self.promoted_while_loading: list[str] = []
        self.promoted_while_reading: list[str] = []

    def _read_and_interrupted(self, read: Callable[[Query], list[Document]], query: Query) -> list[Document]:
        found = read(query)
        self._meanwhile(self.promoted_while_reading)
        return found

    def _meanwhile(self, promoted: list[str]) -> None:
        """Promote and tell, before what goes on has ended; what this loads and reads is not interrupted again."""
        while promoted:
            self._promote("churn", promoted.pop())
            self.tell()

    def _promote(self, name: str, version: str) -> None:
        if self.in_production[name][-1] != version:
            self.registry.promote(self._id(name), version)
            self.in_production[name].append(version)

    def _id(self, name: str) -> UUID:
        return self.models[name]

    @rule(name=st.sampled_from(["churn", "prices"]), version=VERSIONS)
    def promote(self, name: str, version: str) -> None:
        self._promote(name, version)

    @rule()
    def archive(self) -> None:
        if self.in_production["churn"][-1] is not None:
            self.registry.archive_production(self._id("churn"))
            self.in_production["churn"].append(None)

    @rule()
    def tell(self) -> None:
        self.registry.tell()
        self.told = {name: len(versions) - 1 for name, versions in self.in_production.items()}

    @precondition(lambda self: self.registry.background.soon_tasks)
    @rule(while_loading=MEANWHILE, while_reading=MEANWHILE)
    def load(self, while_loading: list[str], while_reading: list[str]) -> None:
        self.promoted_while_loading, self.promoted_while_reading = while_loading, while_reading
        self.registry.background.do_next()

    @precondition(lambda self: self.registry.background.spare_tasks)
    @rule()
    def load_ahead(self) -> None:
        self.registry.background.spare_tasks.pop(0)()

    @precondition(lambda self: self.registry.background.later_tasks)
    @rule()
    def try_again(self) -> None:
        self.registry.background.let_time_pass()

    @rule(version=VERSIONS)
    def damage(self, version: str) -> None:
        self.loader.predictors.pop(ARTIFACTS[version], None)

    @rule()
    def mend(self) -> None:
        for artifact in ARTIFACTS.values():
            self.loader.predictors.setdefault(artifact, FakePredictor())

    @rule(request=REQUESTS, while_loading=MEANWHILE, while_reading=MEANWHILE)
    def ask(self, request: tuple[str, str | None], while_loading: list[str], while_reading: list[str]) -> None:
        name = request[0]
        before, position = self.told[name], self.registry.serving._position
        serving = self.registry.serving
        self.promoted_while_loading, self.promoted_while_reading = while_loading, while_reading
        try:
            served = serving.ready(request) or serving.resolve(request)
        except ArtifactUnavailable:
            assert set(self.loader.predictors) != set(ARTIFACTS.values())
            return
        except (NoProductionVersion, VersionNotFound):
            assert None in self.in_production[name][before:]
            return
        assert served.loaded.artifact_url == ARTIFACTS[served.version]
        is_late = serving.swapping(str(self._id(name)), position=position) is not None
        meanwhile = self.in_production[name] if is_late else self.in_production[name][before:]
        assert served.version in meanwhile

    def teardown(self) -> None:
        """In the end, what is in production answers."""
        if not hasattr(self, "registry"):
            return
        self.promoted_while_loading, self.promoted_while_reading = [], []
        self.mend()
        self.tell()
        background, serving = self.registry.background, self.registry.serving
        while background.soon_tasks or background.later_tasks:
            if background.soon_tasks:
                background.do_next()
            else:
                background.let_time_pass()
        background.spend_spare_time()
        assert serving.late() == (0, [])
        for name, versions in self.in_production.items():
            for request in [(name, None), (name, "production")]:
                if (ready := serving.ready(request)) is not None:
                    assert ready.version == versions[-1]
            with suppress(NoProductionVersion):
                assert serving.resolve((name, None)).version == versions[-1]
        sizes = serving.sizes_bytes()
        assert sum(sizes) <= self.capacity_bytes or len(sizes) == 1


TestPromotions = Promotions.TestCase
TestPromotions.settings = settings(
    max_examples=examples(40),
    stateful_step_count=30,
    # Shrinking a failure takes longer than a test may: the first one found is told as it is.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
