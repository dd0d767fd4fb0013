"""All that is said over NATS: every table, put together for the document that tells of them."""

from application.integration import (
    database_channels,
    dead_letters,
    incoming,
    iterations,
    predictions,
    public_channels,
)
from application.integration.channels import Operation
from interfaces.http.error_models import ErrorResponse


def conversations(*, with_database_service: bool = True) -> tuple[Operation, ...]:
    """Return what is sent and received.

    Args:
        with_database_service: Whether the Database Service runs beside this service, and not elsewhere.
    """
    return (
        *public_channels.operations(),
        *iterations.OPERATIONS,
        *incoming.operations(),
        *dead_letters.operations(),
        *predictions.operations(error=ErrorResponse),
        *database_channels.client_operations(),
        *(database_channels.server_operations() if with_database_service else ()),
    )
