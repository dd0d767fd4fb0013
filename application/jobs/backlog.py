"""How many jobs of any kind wait for a worker, and for how long."""

from collections.abc import Mapping
from datetime import datetime

from application.ports.clock import Clock
from application.ports.filters import Comparison, FieldPath, Operator
from application.ports.read_models import Collection, Document, Query, ReadModels
from domain.jobs.values import JobStatus

COUNTED_MAX = 1_000
"""More of a kind, and a status, are not counted: they would tell no more."""


def backlog(read_models: ReadModels, *, clock: Clock) -> Mapping[str, float]:
    """Return how many jobs are `waiting` and `running`, and `oldest_waiting_s`: since the first of those that wait
    was asked for, in seconds; 0.0 where none waits."""
    waiting, running = (_jobs(read_models, status) for status in (JobStatus.PENDING, JobStatus.RUNNING))
    now = clock.now()
    ages_s = ((now - datetime.fromisoformat(job["created_at"])).total_seconds() for job in waiting)
    return {"waiting": len(waiting), "running": len(running), "oldest_waiting_s": max((0.0, *ages_s))}


def _jobs(read_models: ReadModels, status: JobStatus) -> list[Document]:
    where = Comparison(field=FieldPath(root="status"), operator=Operator.EQ, literal=status.value)
    at = read_models.position()
    return [
        job
        for collection in (Collection.JOBS, Collection.BATCHES)
        for job in read_models.find(Query(collection=collection, where=where, limit=COUNTED_MAX, at=at))
    ]
