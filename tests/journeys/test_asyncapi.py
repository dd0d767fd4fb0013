"""What a service really says and hears over NATS is what its document tells of."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from nats.aio.client import Client

from infrastructure.messaging.connection import connect
from tests.support import data
from tests.support.nats import NatsServer
from tests.support.processes import eventually
from tests.support.service import RunningService, running_service

LISTENER = "tests"
PROTOCOL = ("$JS.", "$SRV.", "$KV.", "_INBOX.", "_INBOX_")
"""Subjects of NATS itself: of JetStream, of the discovery of services, and of answers."""


@pytest.fixture
def a_service_on_nats(nats_server: NatsServer, tmp_path: Path) -> Iterator[RunningService]:
    settings = {"ML_SERVICE_NATS_URL": nats_server.url, "ML_SERVICE_DATABASE_SERVICE": "own"}
    with running_service(tmp_path / "home", **settings) as service:
        yield service


class Overheard:
    """All that is published while somebody listens."""

    def __init__(self) -> None:
        self.subjects: set[str] = set()

    async def listen(self, client: Client) -> None:
        async def hear(message: Any) -> None:
            self.subjects.add(message.subject)

        await client.subscribe(">", cb=hear)


def test_every_subject_that_is_spoken_or_heard_on_is_in_the_document(
    a_service_on_nats: RunningService, nats_server: NatsServer, tmp_path: Path
) -> None:
    document = a_service_on_nats.client.get("/asyncapi.json").json()
    overheard = Overheard()

    async def listen_while(work: Any) -> Mapping[str, set[str]]:
        client = await connect(nats_server.address, name=LISTENER)
        await overheard.listen(client)
        await asyncio.to_thread(work)
        kept = await consumers(client)
        await client.close()
        return kept

    kept = asyncio.run(listen_while(lambda: live_a_little(a_service_on_nats, tmp_path)))

    assert any(each.startswith("events.ml.training_job.completed") for each in overheard.subjects)
    assert not [each for each in ours(overheard.subjects) if not told(document, each)]
    heard = ours(subscribed(nats_server))
    assert heard
    assert not [each for each in heard if not told(document, each, action="receive")]
    assert kept.keys() <= streams(document)
    for stream, filters in kept.items():
        assert not [each for each in filters if not told(document, each, action="receive")], stream


def live_a_little(service: RunningService, directory: Path) -> None:
    """Have something of everything happen."""
    table = data.churn()
    service.upload(table.name, table.write(directory), table.target)
    service.post("/models", {"name": "churn", "type": table.model_type})
    job = service.train("churn", table.name, num_iterations=5)
    assert service.ended(job)["status"] == "completed"
    assert service.promote("churn", "1.0.0").is_success
    service.post("/events/callback", {"event_type": "broker_service.ping", "payload": {}})
    service.post("/events/callback", {"event_type": "data.ingestion.completed", "payload": {}})
    assert eventually(lambda: service.get("/dead-letters")["items"])
    letter = service.get("/dead-letters")["items"][0]
    assert service.post(f"/dead-letters/{letter['id']}/replay", None).is_client_error


async def consumers(client: Client) -> Mapping[str, set[str]]:
    """Return stream → the subjects that consumers of it are handed out."""
    js = client.jetstream()
    found: dict[str, set[str]] = {}
    for stream in await js.streams_info():
        assert stream.config.name is not None
        found[stream.config.name] = set()
        for consumer in await js.consumers_info(stream.config.name):
            one, several = consumer.config.filter_subject, consumer.config.filter_subjects
            found[stream.config.name] |= {*([one] if one else []), *(several or [])}
    return found


def subscribed(server: NatsServer) -> set[str]:
    """Return the subjects that the service's processes are subscribed to, as the server has it."""
    found = httpx.get(f"{server.monitoring_url}/connz", params={"subs": "1"}, trust_env=False).json()
    return {
        subject
        for each in found["connections"]
        if each.get("name") != LISTENER
        for subject in each.get("subscriptions_list", ())
    }


def ours(subjects: set[str]) -> set[str]:
    """Return the subjects that are not NATS's own."""
    return {each for each in subjects if not each.startswith(PROTOCOL)}


def told(document: Any, subject: str, *, action: str | None = None) -> bool:
    """Return whether the document has an operation on a channel that the subject falls under."""
    for operation in document["operations"].values():
        if action in {None, operation["action"]}:
            channel = document["channels"][operation["channel"]["$ref"].rpartition("/")[2]]
            if meets(channel.get("x-nats-subject", channel["address"]), subject):
                return True
    return False


def meets(one: str, other: str) -> bool:
    """Return whether some subject falls under both."""
    left, right = one.split("."), other.split(".")
    return len(left) == len(right) and all(a == b or "*" in {a, b} for a, b in zip(left, right, strict=True))


def streams(document: Any) -> set[str]:
    """Return the streams that the document names."""
    kept = (each.get("x-nats-jetstream") for each in document["operations"].values())
    return {each["stream"] for each in kept if each}
