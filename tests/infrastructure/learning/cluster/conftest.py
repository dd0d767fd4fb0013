"""A real Dask cluster of two worker processes, and a store that they reach."""

from collections.abc import Iterator

import pytest
from distributed import LocalCluster

from infrastructure.artifacts.local import LocalArtifacts
from tests.support.clusters import started_cluster
from tests.support.processes import eventually

WORKERS = 2


@pytest.fixture(scope="package")
def shared_cluster() -> Iterator[LocalCluster]:
    with started_cluster(workers=WORKERS) as cluster:
        yield cluster


@pytest.fixture
def a_cluster(shared_cluster: LocalCluster) -> LocalCluster:
    """A cluster with both of its workers: one that another test has killed was started anew."""
    assert eventually(lambda: len(shared_cluster.scheduler.workers) == WORKERS)
    return shared_cluster


@pytest.fixture(scope="package")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> LocalArtifacts:
    return LocalArtifacts(root=tmp_path_factory.mktemp("artifacts"))
