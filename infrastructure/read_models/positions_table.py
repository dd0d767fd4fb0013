"""The row that says how far the tables are, and whether they may go on."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from infrastructure.read_models.tables import POSITION

NAME = "read_models"
"""Of the position while pages may follow."""

_STOPPED = "stopped"

SELECT_POSITION = select(POSITION.c.position).where(POSITION.c.name.in_((NAME, _STOPPED)))
"""Finds the position, whether pages may follow or not."""

STOP = update(POSITION).values(name=_STOPPED)
"""Lets no page follow."""


def position_row(position: int) -> Mapping[str, Any]:
    """Return the row of tables that are at the position."""
    return {"name": NAME, "position": position}
