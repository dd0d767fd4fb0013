"""The repository under the protocol: all versions with their states, loading, and what was asked of each.

Source: Triton's model repository and statistics extensions.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from application.inference.repository import all_versions, versions_of_model
from application.inference.serving import Serving
from application.models.queries import get_model, get_version
from application.ports.read_models import Collection, ReadModels
from domain.errors import DomainError
from interfaces.http.bodies import JSON
from interfaces.http.open_inference import places
from interfaces.http.open_inference.operations import Answer, Asked, Operation, answer_of, operation
from interfaces.http.open_inference.problems import Unsupported
from interfaces.http.open_inference.statistics import Statistics
from interfaces.http.open_inference.views import (
    LoadedModel,
    LoadRequest,
    ModelStatistics,
    RepositoryIndex,
    RepositoryQuery,
)
from interfaces.http.reads import Reads
from interfaces.inference.inference import Inference
from interfaces.requests.problems import RequestProblem

Counted = tuple[str, str, str]
"""A version, as its model's id, its model's name and its number."""


class RepositoryOperations:
    """What is asked of all models, and of what was asked of them.

    Args:
        describe: Returns the metadata of the version at a place.
        inference: The way that all predictions take.
        serving: What is in memory.
        statistics: What was counted.
        read_models: Know which models and versions there are.
        reads: Where they are asked.
    """

    def __init__(
        self,
        *,
        describe: Callable[[places.Place], Awaitable[dict[str, Any]]],
        inference: Inference,
        serving: Serving,
        statistics: Statistics,
        read_models: ReadModels,
        reads: Reads,
    ) -> None:
        self._describe = describe
        self._inference = inference
        self._serving = serving
        self._statistics = statistics
        self._read_models = read_models
        self._reads = reads

    def operations(self) -> list[Operation]:
        """Return what is served."""
        return [
            operation(
                "POST",
                f"{places.REPOSITORY}/index",
                self.index,
                name="list_repository",
                takes={JSON: RepositoryQuery},
                headers=("Content-Encoding",),
                answers=RepositoryIndex,
                problems=(503,),
            ),
            operation(
                "POST",
                f"{places.REPOSITORY_MODEL}/load",
                self.load,
                name="load_model",
                takes={JSON: LoadRequest},
                headers=("Content-Encoding",),
                answers=LoadedModel,
                problems=(501, 503),
            ),
            operation(
                "GET", places.ALL_STATISTICS, self.all_statistics, name="list_statistics", answers=ModelStatistics
            ),
            operation(
                "GET",
                f"{places.MODEL}/stats",
                self.statistics,
                name="get_model_statistics",
                answers=ModelStatistics,
                problems=(503,),
            ),
            operation(
                "GET",
                f"{places.VERSION}/stats",
                self.statistics,
                name="get_model_version_statistics",
                answers=ModelStatistics,
                problems=(503,),
            ),
        ]

    async def index(self, asked: Asked) -> Answer:
        """List all versions of all models, with whether they answer."""
        only_ready = asked.document().boolean("ready")
        entries = await self._reads.in_thread(self._entries)
        return answer_of([each for each in entries if not only_ready or each["state"] == "READY"])

    async def load(self, asked: Asked) -> Answer:
        """Bring the version in production into memory."""
        if names := asked.document().object("parameters").names():
            message = f"A model is loaded as it is in the registry: it takes no {', '.join(names)}."
            raise Unsupported(message)
        async with self._inference.in_time(None):
            await self._inference.served(asked.place.request, position=None)
        return answer_of({})

    async def all_statistics(self, asked: Asked) -> Answer:
        """Answer what was asked of all versions that were asked, since this process began.

        The path is also that of the metadata of a model that is called `stats`: where one answers, both are told.
        """
        counted = self._statistics.asked()
        told = self._told(await self._reads.in_thread(lambda: [self._counted(*each) for each in counted]))
        with suppress(DomainError, RequestProblem):
            told |= await self._describe(asked.place)
        return answer_of(told)

    async def statistics(self, asked: Asked) -> Answer:
        """Answer what was asked of a model's versions, or of one of them, since this process began."""
        return answer_of(self._told(await self._reads.in_thread(lambda: self._versions(asked))))

    def _told(self, versions: list[Counted]) -> dict[str, Any]:
        return {"model_stats": self._statistics.documents(versions)}

    def _versions(self, asked: Asked) -> list[Counted]:
        reference, version = asked.place.request
        model = get_model(reference, read_models=self._read_models)
        if version is not None:
            found = get_version(model, version, read_models=self._read_models)
            return [(model["id"], model["name"], found["version"])]
        versions = versions_of_model(model, read_models=self._read_models)
        return [(each.model_id, each.model, each.version) for each in versions]

    def _counted(self, model_id: str, version: str) -> Counted:
        model = self._read_models.get(Collection.MODELS, UUID(model_id))
        return model_id, model_id if model is None else model["name"], version

    def _entries(self) -> list[dict[str, Any]]:
        versions = all_versions(read_models=self._read_models)
        loading = {each.artifact for each in versions if each.artifact and self._serving.is_loading(each.artifact)}
        looked_at = (each.artifact for each in versions if each.artifact and each.artifact not in loading)
        flaws = self._serving.integrity.unanswerable(looked_at)
        entries = []
        for each in versions:
            reason = each.problem or flaws.get(each.artifact_url or "", "")
            state = "LOADING" if each.artifact in loading else "UNAVAILABLE" if reason else "READY"
            entries.append({"name": each.model, "version": each.version, "state": state, "reason": reason})
        return entries
