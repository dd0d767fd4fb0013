"""What each release has stored, kept for ever, and what the program of today makes of it.

`python -m tests.infrastructure.event_store.releases RELEASE` writes down what a new release stores, once, and
what is made of every release's rows, which changes with upcasters and with the states: look at the difference.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from eventsourcing.persistence import JSONTranscoder, StoredEvent

from domain import naming
from domain.batches import batch as batches
from domain.datasets import dataset as datasets
from domain.kernel import DomainEvent, fold
from domain.models import model as models
from domain.models.model import Model
from domain.training import job as jobs
from infrastructure.event_store.mapper import EventMapper
from tests.infrastructure.event_store.story import tell_everything

GOLDEN = Path(__file__).parent / "golden"
ROWS, EVENTS, STATES = "rows.jsonl", "events.jsonl", "states.json"

_EVOLVE: Mapping[str, Callable[[Any, Any], Any]] = {
    "model": models.evolve,
    "dataset": datasets.evolve,
    "training-job": jobs.evolve,
    "batch-prediction": batches.evolve,
    "model-name": naming.evolve,
    "dataset-name": naming.evolve,
}


def releases() -> list[str]:
    """Return the releases whose rows are kept."""
    return sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())


def rows(release: str) -> list[StoredEvent]:
    """Return what the release has stored, in position order."""
    lines = map(json.loads, (GOLDEN / release / ROWS).read_text().splitlines())
    return [
        StoredEvent(UUID(each["stream"]), each["version"], each["topic"], each["state"].encode()) for each in lines
    ]


def events(release: str) -> list[DomainEvent]:
    """Return its rows as the program of today reads them."""
    mapper = EventMapper(JSONTranscoder())
    return [mapper.to_domain_event(row) for row in rows(release)]


def event_lines(release: str) -> list[str]:
    """Return those events, as lines of JSON."""
    return [_line({"topic": each.TOPIC, **each.model_dump(mode="json")}) for each in events(release)]


def states(release: str) -> dict[str, Any]:
    """Return stream id → the state that the program of today folds from the rows, as JSON has it."""
    in_streams = sorted(events(release), key=lambda event: (str(event.originator_id), event.originator_version))
    return {
        str(stream_id): _told(fold(evolve, stream))
        for stream_id, (first, *rest) in _grouped(in_streams)
        if (evolve := _EVOLVE.get(first.TOPIC.split(".")[0])) and (stream := [first, *rest])
    }


def freeze(release: str) -> None:
    """Write down what the program of today stores when everything happens that can.

    Raises:
        FileExistsError: The release was written down before; what it stored is a fact.
    """
    path = GOLDEN / release / ROWS
    if path.exists():
        raise FileExistsError(path)
    with TemporaryDirectory() as directory, tell_everything(Path(directory)) as ledger:
        stored = ledger.recorder.select_notifications(1, 10_000)
    path.parent.mkdir(exist_ok=True)
    with path.open("x") as file:
        for each in stored:
            row = {"stream": str(each.originator_id), "version": each.originator_version, "topic": each.topic}
            file.write(_line({**row, "state": each.state.decode()}) + "\n")


def describe(release: str) -> None:
    """Write down what the program of today makes of a release's rows."""
    (GOLDEN / release / EVENTS).write_text("".join(f"{line}\n" for line in event_lines(release)))
    told = json.dumps(states(release), indent=1, ensure_ascii=False, sort_keys=True)
    (GOLDEN / release / STATES).write_text(f"{told}\n")


def _grouped(ordered: list[DomainEvent]) -> Iterator[tuple[UUID, list[DomainEvent]]]:
    for stream_id, stream in groupby(ordered, key=lambda event: event.originator_id):
        yield stream_id, list(stream)


def _told(state: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": type(state).__name__}
    if isinstance(state, Model):
        told["versions"] = [version.model_dump(mode="json") for version in state.versions.values()]
        told["aliases"] = {alias: str(version_id) for alias, version_id in state.aliases.items()}
        told["verified_at"] = {str(version_id): at for version_id, at in state.verified_at.items()}
    return {**state.model_dump(mode="json", exclude={"versions", "aliases", "verified_at"}), **told}


def _line(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False)


if __name__ == "__main__":
    freeze(sys.argv[1])
    for each in releases():
        describe(each)
