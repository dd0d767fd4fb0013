"""Real commands in processes of their own."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ML_SERVICE = (sys.executable, "-P", "-m", "interfaces.main")
DEMO = (sys.executable, "-P", "-m", "interfaces.cli.demo")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """Return what it printed as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


def run(*arguments: str, program: tuple[str, ...] = ML_SERVICE, given: bytes = b"", **environment: str) -> Ended:
    """Run a command without a terminal to its end."""
    done = subprocess.run(
        [*program, *arguments],
        input=given,
        capture_output=True,
        env=_environment(environment),
        timeout=100,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def run_on_terminal(*arguments: str, program: tuple[str, ...] = ML_SERVICE, **environment: str) -> Ended:
    """Run a command whose output a person would see."""
    ours, theirs = pty.openpty()
    changed = _environment({"COLUMNS": "200", "TERM": "xterm", **environment})
    with subprocess.Popen(
        [*program, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=changed
    ) as process:
        os.close(theirs)
        seen = b""
        with suppress(OSError):  # the end of a terminal is an error
            while piece := os.read(ours, 65_536):
                seen += piece
        os.close(ours)
        return Ended(process.wait(), seen.decode(), "")


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a command that goes on; it is ended at the end."""
    command = [*ML_SERVICE, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, env=_environment({})) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def running_service(home: Path, *arguments: str) -> Iterator[str]:
    """Yield the URL of a service that runs on this data directory."""
    command = [*ML_SERVICE, "serve", "--port", "0", "--home", str(home), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=_environment({})) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().decode().removeprefix("ready ").strip()
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


def _environment(changed: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ML_SERVICE_")}
    return {**kept, **changed}
