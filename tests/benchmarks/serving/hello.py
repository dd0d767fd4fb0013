"""`python -m tests.benchmarks.serving.hello starlette|asgi PORT`: reads the body, answers with a greeting."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/api/v1/inference"
_GREETING = b'{"hello":"world"}'
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(_GREETING)).encode())]


async def greet(request: Request) -> JSONResponse:
    await request.body()
    return JSONResponse({"hello": "world"})


async def bare(_: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body", False):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _GREETING})


def main(kind: str, port: str) -> None:
    """Serve with the settings that the service gives its own server."""
    apps: dict[str, ASGIApp] = {
        "starlette": Starlette(routes=[Route(PATH, greet, methods=["POST"])]),
        "asgi": bare,
    }
    uvicorn.run(
        apps[kind],
        port=int(port),
        access_log=False,
        log_config=None,
        log_level="warning",
        lifespan="on" if kind == "starlette" else "off",
        proxy_headers=False,
        server_header=False,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
