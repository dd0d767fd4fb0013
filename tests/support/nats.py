"""A real NATS server for the tests, in their hands: it stays as they leave it, and ends with them."""

import asyncio
import json
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.connection import connect
from infrastructure.messaging.server_configuration import ANY_PORT, LOOPBACK
from infrastructure.messaging.server_home import ServerHome
from tests.support.processes import eventually, started

_START_S = 30.0


class NatsServer:
    """A server with JetStream on the loopback address; unlike the service's own it stays down when it is killed.

    Args:
        directory: For its configuration and store.
        settings: Of its configuration, in place of those that the service gives to its own; it always has a port
            for monitoring, which those have not.
    """

    def __init__(self, directory: Path, **settings: Any) -> None:
        self._home = ServerHome(directory)
        self._settings = {"http": f"{LOOPBACK}:{ANY_PORT}"} | settings
        self._home.create()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def url(self) -> str:
        """Where it is, with its token; the same for as long as it lives, and after it was started again."""
        return f"nats://{self._home.token()}@{LOOPBACK}:{self._port}"

    @property
    def port(self) -> int:
        """Where clients are listened to."""
        return self._port

    @property
    def address(self) -> NatsAddress:
        """The same, as the service's code takes it."""
        return NatsAddress(url=self.url)

    @property
    def monitoring_url(self) -> str:
        """Where it answers questions about itself over HTTP."""
        assert self._process is not None
        said = json.loads((self._home.ports_path / f"nats-server_{self._process.pid}.ports").read_text())
        return str(said["monitoring"][0])

    @property
    def store(self) -> Path:
        """Where its streams are."""
        return self._home.path / "jetstream"

    @property
    def is_running(self) -> bool:
        """Whether its process is there, paused or not."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, again on the same port and store if it was killed; return when it is ready."""
        if self.is_running:
            return
        command = self._home.command()
        path = Path(command[-1])
        path.write_text(json.dumps(json.loads(path.read_text()) | self._settings))
        self._process = started(command)
        assert eventually(self._is_ready, within_s=_START_S), self._home.log_path.read_text()

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """Let it stand still: its connections stay open, and nobody answers."""
        self._signal(signal.SIGSTOP)
        # on a busy machine, a thread may answer once more before it stops
        tasks = Path(f"/proc/{self._process.pid}/task")
        assert not tasks.exists() or eventually(lambda: all(map(_stands_still, tasks.iterdir())))

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def clean(self) -> None:
        """Remove all streams, from a server that runs."""
        asyncio.run(self._remove_streams())

    def _is_ready(self) -> bool:
        assert self._process is not None
        port = self._home.port(self._process.pid)
        if port is None:
            return False
        self._port = port
        try:  # not as a client: some tests let in others than those with the token
            return httpx.get(f"{self.monitoring_url}/healthz", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    async def _remove_streams(self) -> None:
        client = await connect(self.address, name="tests")
        jetstream = client.jetstream()
        while streams := await jetstream.streams_info():
            for stream in streams:
                assert stream.config.name is not None
                await jetstream.delete_stream(stream.config.name)
        await client.close()


def _stands_still(task: Path) -> bool:
    try:
        state = (task / "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # it has ended
        return True
    return state in {"T", "Z", "X"}
