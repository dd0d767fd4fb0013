"""An engine in a process of its own: it stands by for that of a service, and works when that one is gone."""

import signal
from threading import Event

from infrastructure.messaging.parts import Messaging
from infrastructure.system.clock import SystemClock
from interfaces.engine import prepared_engine
from interfaces.home import require_finished, require_log
from interfaces.neighbours import nats_address, neighbours
from interfaces.settings import Settings
from interfaces.stores import opened_artifacts, operation_database


def run_engine(settings: Settings) -> None:
    """Run an engine, working or standing by, until SIGINT or SIGTERM.

    Raises:
        HomeUnusable: Its log is in no such data directory, or a restore into that did not end.
        NatsAddressInvalid: What the settings say of NATS is no address.
    """
    require_log(settings)
    require_finished(settings)
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    nats = nats_address(settings)
    stopping = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with operation_database(settings) as operation, prepared_engine(settings, operation=operation) as engine:
        outside = neighbours(settings, engine, artifacts=opened_artifacts(settings, operation=operation))
        messaging = Messaging(
            address=nats,
            name="engine",
            leading=outside.parts,
            leadership=engine.leadership,
            when_unavailable=outside.relay.unreachable,
            clock=SystemClock(),
        )
        engine.start()
        messaging.start()
        try:
            print("ready", flush=True)
            stopping.wait()
        finally:
            messaging.stop()
