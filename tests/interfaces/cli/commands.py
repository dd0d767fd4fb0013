"""Real commands: in this process, or in processes of their own where that makes a difference."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import typer
from typer.testing import CliRunner

from interfaces.cli.demo import prepare_demo
from interfaces.main import app
from tests.support import processes

ML_SERVICE = (sys.executable, "-P", "-m", "interfaces.main")
DEMO = typer.Typer()
DEMO.command()(prepare_demo)


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


def run(*arguments: str, program: typer.Typer = app, given: bytes = b"", **environment: str) -> Ended:
    """Run a command without a terminal to its end in this process, for which nothing has to be imported again."""
    with patch.dict(os.environ, _environment(environment), clear=True):  # commands hand flags on as variables
        done = CliRunner().invoke(program, arguments, input=given, catch_exceptions=False)
    return Ended(done.exit_code, done.stdout, done.stderr)


def run_apart(*arguments: str, given: bytes = b"", **environment: str) -> Ended:
    """Run a command without a terminal to its end in a process of its own."""
    done = subprocess.run(
        [*ML_SERVICE, *arguments],
        input=given,
        capture_output=True,
        env=_environment(environment),
        timeout=100,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def run_on_terminal(*arguments: str, **environment: str) -> Ended:
    """Run a command whose output a person would see."""
    ours, theirs = pty.openpty()
    changed = _environment({"COLUMNS": "200", "TERM": "xterm", **environment})
    with subprocess.Popen(
        [*ML_SERVICE, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=changed
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
    with processes.started(command, stdout=pipe, stderr=pipe, env=_environment({})) as process:
        try:
            yield process
        finally:
            process.kill()


def _environment(changed: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ML_SERVICE_")}
    return {**kept, **changed}
