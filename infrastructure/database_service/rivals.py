"""Whether several Database Services with rows of their own are on one NATS, of which only one may serve."""

import asyncio

from nats.aio.client import Client

from application.ports.metadata_store import SERVICE
from infrastructure.messaging.discovery import instances

STORE = "store"
"""Under which an instance of the service says which rows it has."""

_LOOK_EVERY_S = 5.0
_WITHIN_S = 1.0


async def rivalry(client: Client) -> str | None:
    """Return that there are several, and what to do; None where there is one, however many instances it has."""
    found = await instances(client, SERVICE, within_s=_WITHIN_S)
    if len({each.metadata.get(STORE) for each in found}) <= 1:
        return None
    serving = ", ".join(sorted(each.id for each in found if each.serves)) or "none"
    waiting = ", ".join(sorted(each.id for each in found if not each.serves)) or "none"
    return (
        f"several Database Services with rows of their own are on this NATS (serving: {serving}; standing by: "
        f"{waiting}): let them use one database, or stop all but one"
    )


class RivalWatch:
    """Looks for rivals now and then: a part of messaging.

    Attributes:
        name: Of the part.
        problem: What `rivalry` said last.
    """

    name = "database-watch"

    def __init__(self) -> None:
        self.problem: str | None = None

    async def run(self, client: Client) -> None:
        """Look until cancelled."""
        while True:
            self.problem = await rivalry(client)
            await asyncio.sleep(_LOOK_EVERY_S)
