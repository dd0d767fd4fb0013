"""Filtered and ordered searches over 2,000 models × 50 versions, now and at past moments, on both stores."""

import random
import statistics
import sys
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import event

from application.ports.filters import (
    And,
    Comparison,
    Condition,
    FieldPath,
    IsNull,
    Literal,
    Not,
    Operator,
    Or,
    Order,
)
from application.ports.read_models import Collection, Query
from infrastructure.read_models.dialects import sqlite_url
from infrastructure.read_models.sql import SqlReadModels
from tests.benchmarks.measure import Figure, percentile, scratch
from tests.benchmarks.registry import fill, model_id
from tests.support.postgres import PostgresServer

REPEATS = 9
PAST_MOMENTS = 24
PLANS_SHOWN = 3


def run() -> list[Figure]:
    """Fill each store, then ask every question now and at moments of the past."""
    figures = []
    with scratch() as directory:
        figures += _measured("SQLite", sqlite_url(directory / "read_models.db").render_as_string())
    with PostgresServer() as server, server.fresh_database() as url:
        figures += _measured("PostgreSQL", url)
    return figures


def _measured(store: str, url: str) -> list[Figure]:
    read_models = SqlReadModels(url=url)
    try:
        begin = time.perf_counter()
        fill(read_models)
        head = read_models.position()
        figures = [Figure(f"{store}: filled, {head:,} positions", f"{time.perf_counter() - begin:,.0f} s")]
        chance = random.Random(11)
        past = [round(head * share) for share in (0.003, 0.02, 0.1)]
        past += [chance.randrange(1, head) for _ in range(PAST_MOMENTS - len(past))]
        slowest: list[tuple[float, str, Query]] = []
        for name, query in QUESTIONS.items():
            read_models.find(query.model_copy(update={"at": head}))
            now = [(_took_ms(read_models, query, head), head) for _ in range(REPEATS)]
            then = [(_took_ms(read_models, query, at), at) for at in past]
            slowest += [(took, name, query.model_copy(update={"at": at})) for took, at in (max(now), max(then))]
            figures.append(Figure(f"{store}: {name}", f"{_in_words(now)} now · {_in_words(then)} then"))
        slowest.sort(key=lambda each: -each[0])
        for took, name, query in slowest[:PLANS_SHOWN]:
            title = f"{store}, {took:.1f} ms: {name}, at {query.at:,} of {head:,}"
            sys.stdout.write(f"\n### {title}\n\n{_plans(read_models, query)}\n")
    finally:
        read_models.close()
    return figures


def _took_ms(read_models: SqlReadModels, query: Query, at: int) -> float:
    query = query.model_copy(update={"at": at})
    begin = time.perf_counter()
    read_models.find(query)
    return 1_000 * (time.perf_counter() - begin)


def _in_words(timed: list[tuple[float, int]]) -> str:
    took = [each for each, _ in timed]
    return f"p50 {statistics.median(took):.1f} ms, most {percentile(took, 100):.1f} ms"


def _plans(read_models: SqlReadModels, query: Query) -> str:
    """Return how the database finds the answer, statement by statement."""
    engine = read_models._engine
    asked: list[tuple[str, Any]] = []

    def note(*arguments: Any) -> None:
        asked.append((arguments[2], arguments[3]))

    event.listen(engine, "before_cursor_execute", note)
    read_models.find(query)
    event.remove(engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN (ANALYZE, BUFFERS)"
    lines = []
    with engine.connect() as connection:
        for statement, parameters in asked:
            if statement.startswith("SELECT"):
                lines.append(f"{statement}\n{parameters}\n")
                lines += [
                    f"    {row[-1]}" for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)
                ]
    return "\n".join(lines)


def _is(path: str, operator: str, literal: Literal) -> Condition:
    return Comparison(field=_field(path), operator=Operator(operator), literal=literal)


def _field(path: str) -> FieldPath:
    root, _, key = path.partition(".")
    return FieldPath(root=root, key=key or None)


def _all(*conditions: Condition) -> Condition:
    return And(conditions=conditions)


def _models(where: Condition | None = None, *orders: str, offset: int = 0) -> Query:
    return _query(Collection.MODELS, where, orders, offset)


def _versions(where: Condition | None = None, *orders: str, offset: int = 0) -> Query:
    return _query(Collection.VERSIONS, where, orders, offset)


def _query(collection: Collection, where: Condition | None, orders: tuple[str, ...], offset: int) -> Query:
    order_by = tuple(Order(field=_field(each.lstrip("-")), descending=each.startswith("-")) for each in orders)
    return Query(collection=collection, where=where, order_by=order_by, offset=offset, at=0)


_GOOD, _PRODUCTION = _is("metrics.auc", ">", 0.9), _is("status", "=", "production")
_TEAM = _is("metadata.team", "=", "team-7")
_OTHER_TEAM = _is("metadata.team", "=", "team-8")

QUESTIONS: Mapping[str, Query] = {
    "models: auc > 0.9 AND production AND team": _models(_all(_GOOD, _PRODUCTION, _TEAM)),
    "models: auc > 0.9 AND production, by -created_at": _models(_all(_GOOD, _PRODUCTION), "-created_at"),
    "models: auc > 0.9 AND production, by name, page 4": _models(_all(_GOOD, _PRODUCTION), "name", offset=150),
    "models: production, by metadata.cost": _models(_PRODUCTION, "metadata.cost"),
    "models: auc > 0.999, by name": _models(_is("metrics.auc", ">", 0.999), "name"),
    "models: name LIKE 'churn-1%', by name": _models(_is("name", "LIKE", "churn-1%"), "name"),
    "models: name LIKE '%17%'": _models(_is("name", "LIKE", "%17%")),
    "models: name ILIKE '%CHURN%', by -created_at": _models(_is("name", "ILIKE", "%CHURN%"), "-created_at"),
    "models: name LIKE AND team, by -metadata.cost": _models(
        _all(_is("name", "LIKE", "churn%"), _TEAM), "-metadata.cost"
    ),
    "models: one name": _models(_is("name", "=", "churn-17")),
    "models: one of two teams, gold": _models(
        _all(Or(conditions=(_TEAM, _OTHER_TEAM)), _is("metadata.gold", "=", True))
    ),
    "models: NOT team AND owner LIKE": _models(
        _all(Not(condition=_TEAM), _is("metadata.owner.name", "LIKE", "person-1%"))
    ),
    "models: team OR auc > 0.99": _models(Or(conditions=(_TEAM, _is("metrics.auc", ">", 0.99)))),
    "models: rmse IS NULL": _models(IsNull(field=_field("metrics.rmse"))),
    "models: all, by -created_at": _models(None, "-created_at"),
    "models: all, by -created_at, page 20": _models(None, "-created_at", offset=950),
    "models: all, by name, page 20": _models(None, "name", offset=950),
    "models: all, by metadata.cost": _models(None, "metadata.cost"),
    "models: all, by -metadata.team, name, page 20": _models(None, "-metadata.team", "name", offset=950),
    "versions: of one model, by -created_at": _versions(_is("model_id", "=", str(model_id(3))), "-created_at"),
    "versions: of one model, by -metrics.auc": _versions(_is("model_id", "=", str(model_id(3))), "-metrics.auc"),
    "versions: auc > 0.9 AND production, by -metrics.auc": _versions(_all(_GOOD, _PRODUCTION), "-metrics.auc"),
    "versions: production, by -metrics.auc, page 20": _versions(_PRODUCTION, "-metrics.auc", offset=950),
    "versions: auc > 0.5, by -created_at": _versions(_is("metrics.auc", ">", 0.5), "-created_at"),
    "versions: num_leaves = 31 AND auc > 0.95, by metrics.log_loss": _versions(
        _all(_is("hyperparameters.num_leaves", "=", 31), _is("metrics.auc", ">", 0.95)), "metrics.log_loss"
    ),
    "versions: objective LIKE 'multi%' AND deprecated, by -created_at": _versions(
        _all(_is("hyperparameters.objective", "LIKE", "multi%"), _is("status", "=", "deprecated")), "-created_at"
    ),
    "versions: all, by -created_at": _versions(None, "-created_at"),
    "versions: all, by -created_at, page 20": _versions(None, "-created_at", offset=950),
    "versions: all, by -metrics.auc": _versions(None, "-metrics.auc"),
    "versions: all, by metrics.auc, page 20": _versions(None, "metrics.auc", offset=950),
    "versions: all, by hyperparameters.num_leaves, -metrics.auc": _versions(
        None, "hyperparameters.num_leaves", "-metrics.auc"
    ),
}
"""What is asked, in words and as a query; its moment is set when it is asked."""
