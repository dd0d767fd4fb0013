"""A registry of 2,000 models × 50 versions with its history, to measure what reading it takes."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from application.ports.read_models import Collection, ReadModels
from application.views import instant_text
from tests.support.documents import a_model, a_version

MODELS = 2_000
VERSIONS_EACH = 50
TEAMS = [f"team-{number}" for number in range(40)]
_PAGE_POSITIONS = 1_000
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

Put = tuple[int, Collection, dict[str, Any]]
"""A position, and what a document is from there on."""


def model_id(number: int) -> UUID:
    """Return the id of a model: no order of ids is an order of ages."""
    return UUID(int=random.Random(number).getrandbits(128), version=4)


def fill(read_models: ReadModels) -> None:
    """Register all models, then version after version of all of them; each is promoted, and archives another."""
    page: list[Put] = []
    for put in _history():
        if page and put[0] // _PAGE_POSITIONS > page[0][0] // _PAGE_POSITIONS:
            _apply(read_models, page)
            page = []
        page.append(put)
    _apply(read_models, page)


def _apply(read_models: ReadModels, page: list[Put]) -> None:
    with read_models.page(after=read_models.position(), upto=page[-1][0]) as rows:
        for position, collection, document in page:
            rows.happened(_happened_at(position), position=position)
            rows.put(collection, UUID(document["id"]), document, position=position)


def _history() -> Iterator[Put]:
    chance = random.Random(7)
    position = 0
    models: list[dict[str, Any]] = []
    versions: list[list[dict[str, Any]]] = [[] for _ in range(MODELS)]
    for number in range(MODELS):
        position += 1
        models.append(_registered_model(number, position, chance))
        yield position, Collection.MODELS, models[-1]
    for ordinal in range(VERSIONS_EACH):
        for number, of_model in enumerate(versions):
            position += 1
            of_model.append(_registered_version(number, ordinal, position, chance))
            models[number] = _changed(models[number], position, latest_version=f"{ordinal + 1}.0.0")
            yield position, Collection.VERSIONS, of_model[-1]
            yield position, Collection.MODELS, models[number]
            position += 1
            for place, status in ((ordinal - 1, "archived"), (ordinal, "production")):
                if place >= 0:
                    of_model[place] = _changed(of_model[place], position, status=status)
                    yield position, Collection.VERSIONS, of_model[place]
            models[number] = _changed(models[number], position, production_version=f"{ordinal + 1}.0.0")
            yield position, Collection.MODELS, models[number]
            if ordinal > 2 and chance.random() < 0.5:
                position += 1
                place = chance.randrange(ordinal - 1)
                status = chance.choice(("deprecated", "staging", "archived"))
                of_model[place] = _changed(of_model[place], position, status=status)
                yield position, Collection.VERSIONS, of_model[place]
            if chance.random() < 0.05:
                position += 1
                metadata = {**models[number]["metadata"], "team": chance.choice(TEAMS)}
                models[number] = _changed(models[number], position, metadata=metadata)
                yield position, Collection.MODELS, models[number]


def _registered_model(number: int, position: int, chance: random.Random) -> dict[str, Any]:
    return a_model(
        model_id(number),
        name=f"{chance.choice(('churn', 'fraud', 'price', 'demand'))}-{number}",
        description=f"what model {number} is for",
        created_at=_instant(position),
        updated_at=_instant(position),
        metadata={
            "team": chance.choice(TEAMS),
            "cost": chance.randrange(1_000),
            "owner": {"name": f"person-{chance.randrange(200)}"},
            "tags": chance.sample(("eu", "us", "live", "batch"), 2),
            "gold": chance.random() < 0.1,
        },
    )


def _registered_version(number: int, ordinal: int, position: int, chance: random.Random) -> dict[str, Any]:
    return a_version(
        UUID(int=chance.getrandbits(128), version=4),
        model_id(number),
        version=f"{ordinal + 1}.0.0",
        artifact_url=f"sha256:{chance.getrandbits(256):064x}",
        created_at=_instant(position),
        updated_at=_instant(position),
        metrics={"auc": chance.random(), "log_loss": chance.random()},
        hyperparameters={
            "num_leaves": chance.choice((15, 31, 63, 127)),
            "learning_rate": chance.choice((0.01, 0.05, 0.1)),
            "objective": chance.choice(("binary", "multiclass")),
        },
    )


def _changed(document: dict[str, Any], position: int, **fields: Any) -> dict[str, Any]:
    changed = {**document, **fields, "updated_at": _instant(position)}
    if "aggregate_version" in document:
        changed["aggregate_version"] = document["aggregate_version"] + 1
    return changed


def _instant(position: int) -> str:
    return instant_text(_happened_at(position))


def _happened_at(position: int) -> datetime:
    return _BEGIN + timedelta(seconds=position)
