"""Shows training jobs' events, those that were and those that come: `.venv/bin/python docs/listen.py [HOME]`."""

import asyncio
import json
import sys
from pathlib import Path

import nats
from cloudevents.core.bindings.http import HTTPMessage, from_binary  # the headers are the same over NATS
from cloudevents.core.formats.json import JSONFormat


async def listen(url: str) -> None:
    """Print each event as it arrives."""
    client = await nats.connect(url)
    jobs = await client.jetstream().subscribe("events.ml.training_job.>", ordered_consumer=True)
    async for message in jobs.messages:
        event = from_binary(HTTPMessage(message.headers, message.data), JSONFormat())
        print(event.get_time(), event.get_type(), event.get_data(), flush=True)  # noqa: T201 - all it is for


service = Path(sys.argv[1] if len(sys.argv) > 1 else ".ml-service", "service.json")
if not service.exists():
    sys.exit(f"There is no {service}: start the service, or give its data directory.")
asyncio.run(listen(json.loads(service.read_text())["nats_url"]))
