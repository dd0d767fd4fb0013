"""Which public events workers listen to. What they tell is in the log; it is heard of sooner than seen there."""

from application.integration.contracts import PUBLIC_EVENTS

WAKING_EVENTS = tuple(
    PUBLIC_EVENTS[type_]
    for type_ in (
        "ml.training_job.requested.v1",
        "ml.training_job.interrupted.v1",
        "ml.training_job.cancellation_requested.v1",
        "ml.training_job.cancelled.v1",
    )
)
"""They open a job for whoever is free, or end the one at hand."""
