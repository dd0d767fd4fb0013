import asyncio

import httpx
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from application.foreground import LASTS_S, Foreground
from interfaces.http.traffic import Counted, Traffic
from tests.support.fakes.clock import FakeClock


def test_a_service_is_busy_from_the_moment_that_it_is_asked_until_a_while_after_its_answer() -> None:
    clock = FakeClock()
    foreground = Foreground(clock=clock)
    seen: list[bool] = []

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(foreground.is_busy())
        clock.advance(2 * LASTS_S)
        await Response()(scope, receive, send)

    async def ask() -> None:
        traffic: Traffic = {}
        app = Counted(answer, described=(), traffic=traffic, on_request=foreground.note)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
            await client.get("/")

    assert not foreground.is_busy()
    asyncio.run(ask())
    assert seen == [True]
    assert foreground.is_busy()
    clock.advance(LASTS_S)
    assert not foreground.is_busy()
