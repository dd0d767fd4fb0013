"""Commands sent from many threads while something breaks, and what became of each."""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx

from tests.support.http import client_of
from tests.support.service import RunningService

THREADS = 6
_PAUSE_S = 0.05
"""Between two commands of a thread: a service without a moment to itself takes longer, and shows no more."""


class Load:
    """Registers models, each under an idempotency key of its own, until it is told to stop.

    Attributes:
        acknowledged: Idempotency key → what the service answered.
        unanswered: Keys of commands whose answer never came, or said that nothing could be done.
        waiting: How many threads wait for an answer.
    """

    def __init__(self) -> None:
        self.acknowledged: dict[str, Any] = {}
        self.unanswered: set[str] = set()
        self.refused: list[httpx.Response] = []
        self.waiting = 0
        self._lock = threading.Lock()

    @contextmanager
    def on(self, url: str) -> Iterator[None]:
        """Send commands to the service as long as the block lasts; it may come, go and come again meanwhile."""
        stopping = threading.Event()
        threads = [threading.Thread(target=self._send, args=(url, stopping)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stopping.set()
            for thread in threads:
                thread.join()

    def _send(self, url: str, stopping: threading.Event) -> None:
        with client_of(url) as client:
            while not stopping.wait(_PAUSE_S):
                key = f"model-{uuid4().hex}"  # names the model, too
                with self._lock:
                    self.waiting += 1
                try:
                    response = _register(client, key)
                except httpx.TransportError:
                    with self._lock:
                        self.waiting -= 1
                        self.unanswered.add(key)
                    continue
                with self._lock:
                    self.waiting -= 1
                    if response.status_code == httpx.codes.CREATED:
                        self.acknowledged[key] = response.json()
                    else:
                        self.unanswered.add(key)
                        self.refused.append(response)

    def require_every_effect_once(self, service: RunningService, *, beside: Collection[str] = ()) -> None:
        """Assert that the service has all that was acknowledged, once, and nothing that nobody asked for.

        Args:
            service: That has read all of it by now.
            beside: Names of models that others registered.
        """
        found = _all_models(service)
        names = [model["name"] for model in found]
        assert len(names) == len(set(names))
        ids = {model["name"]: model["id"] for model in found}
        lost = [key for key, model in self.acknowledged.items() if ids.get(key) != model["id"]]
        assert not lost, f"{len(lost)} of {len(self.acknowledged)} acknowledged commands are lost"
        assert set(names) <= self.acknowledged.keys() | self.unanswered | set(beside)
        registered = _names_in_the_log(service)
        assert sorted(registered) == sorted(names)

    def require_same_answers_again(self, service: RunningService, *, at_most: int = 50) -> None:
        """Assert that the same commands are answered as they were, and have no further effect."""
        for key, answer in list(self.acknowledged.items())[-at_most:]:
            again = _register(service.client, key)
            assert again.status_code == httpx.codes.CREATED
            assert again.json() == answer


def _register(client: httpx.Client, key: str) -> httpx.Response:
    body = {"name": key, "type": "regression"}
    return client.post("/api/v1/models", json=body, headers={"Idempotency-Key": key})


def _all_models(service: RunningService) -> list[Any]:
    found: list[Any] = []
    token: dict[str, str] = {}
    while True:
        page = service.get("/models", page_size=1000, **token)
        found += page["items"]
        if page["next_page_token"] is None:
            return found
        token = {"page_token": page["next_page_token"]}


def _names_in_the_log(service: RunningService) -> list[str]:
    names: list[str] = []
    after = 0
    while True:
        page = service.get("/events", after=after, type="model.registered.v1", limit=1000)
        names += [event["data"]["name"] for event in page["items"]]
        if not page["items"]:
            return names
        after = page["next_after"]
