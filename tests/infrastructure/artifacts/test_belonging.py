"""A database's artifacts are in one directory, whoever asks."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from infrastructure.artifacts.belonging import ArtifactsElsewhere, require_belonging
from infrastructure.artifacts.local import LocalArtifacts
from infrastructure.operation import operation_engine


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def an_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    path = tmp_path / "operation.db"
    engine = operation_engine(path if request.param == "SQLite" else request.getfixturevalue("postgres_url"))
    yield engine
    engine.dispose()


def test_the_first_directory_is_the_databases_and_another_is_refused(an_engine: Engine, tmp_path: Path) -> None:
    require_belonging(an_engine, LocalArtifacts(root=tmp_path / "artifacts"))
    require_belonging(an_engine, LocalArtifacts(root=tmp_path / "artifacts"))
    with pytest.raises(ArtifactsElsewhere, match="--artifacts"):
        require_belonging(an_engine, LocalArtifacts(root=tmp_path / "others"))


def test_processes_that_start_together_agree(an_engine: Engine, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as starters:
        for _ in starters.map(
            lambda _: require_belonging(an_engine, LocalArtifacts(root=tmp_path / "artifacts")), range(8)
        ):
            pass
    assert {path.name for path in (tmp_path / "artifacts").iterdir()} == {"incoming", "store.id"}
