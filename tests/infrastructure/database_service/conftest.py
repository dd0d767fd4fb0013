"""Registries, mirrors and Database Services, stopped at the end."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infrastructure.read_models.dialects import sqlite_url
from tests.support.nats import NatsServer
from tests.support.registry import Registry, RunningDatabaseService, RunningMirror


@pytest.fixture
def a_registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry(tmp_path / "registry") as registry:
        yield registry


@pytest.fixture
def start_mirror(nats_server: NatsServer) -> Iterator[Callable[..., RunningMirror]]:
    mirrors: list[RunningMirror] = []

    def start(registry: Registry, **how: Any) -> RunningMirror:
        mirrors.append(RunningMirror(registry, nats_server, **how))
        return mirrors[-1]

    yield start
    for mirror in mirrors:
        mirror.stop()


@pytest.fixture
def rows_path(tmp_path: Path) -> Path:
    return tmp_path / "database_service.db"


@pytest.fixture
def start_service(nats_server: NatsServer, rows_path: Path) -> Iterator[Callable[..., RunningDatabaseService]]:
    services: list[RunningDatabaseService] = []

    def start(url: Any = None, **place: Any) -> RunningDatabaseService:
        services.append(RunningDatabaseService(url or sqlite_url(rows_path), nats_server, **place))
        return services[-1]

    yield start
    for service in services:
        service.stop()
