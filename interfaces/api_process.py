"""`python -m interfaces.api_process PLACE`: one of the processes behind the port of `ml-service api`."""

import socket
import sys

from infrastructure.system.handed_connections import HandedConnections
from infrastructure.system.siblings import SocketSiblings
from interfaces.api_place import Place
from interfaces.bootstrap import http_application, running_service
from interfaces.http.stopping import Stopping
from interfaces.neighbours import nats_of_service
from interfaces.processes import stop_on_signals
from interfaces.server import Server
from interfaces.settings import Settings
from interfaces.starting import bind, settings_of, told_why_not


def main(place: Place) -> None:
    """Serve the connections that come until told to end."""
    settings = settings_of()
    bind(lifeline=True)
    with told_why_not(settings):
        _serve(settings, place)


def _serve(settings: Settings, place: Place) -> None:
    nats = nats_of_service(settings)
    with running_service(settings, nats=nats, may_lead=False) as running:
        stopping = Stopping()
        app = http_application(
            settings,
            running,
            nats=nats,
            stopping=stopping,
            is_loopback=place.is_loopback,
            siblings=SocketSiblings(place.directory, number=place.number, count=place.count),
        )

        # whatever the read models still lack: there may be no engine, and commands and predictions need none
        async def when_started() -> None:
            handed.begin()

        def when_stopping() -> None:
            stopping.begin()
            handed.end()

        server = Server(app, settings, when_started=when_started, when_stopping=when_stopping)
        handed = HandedConnections(
            socket.socket(fileno=place.channel), protocol=server.protocol, open_connections=server.connections
        )
        stop_on_signals(server.stop)
        server.run(sockets=[])


if __name__ == "__main__":
    main(Place.model_validate_json(sys.argv[1]))
