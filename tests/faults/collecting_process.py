"""`python -m tests.faults.collecting_process DATABASE_URL ARTIFACTS`: one collection after the other."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infrastructure.artifacts.collecting import collect
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.artifacts.waste import waste_at
from infrastructure.event_store.postgres_log import PostgresLog
from infrastructure.system.lifeline import watch

LIMIT = timedelta(hours=1)


def main(url: str, root: str) -> None:
    """Collect again and again, and end with whoever started this."""
    watch(sys.stdin.fileno())
    log, store = PostgresLog(url), waste_at(ArtifactPlace(root=Path(root)))
    while True:
        before = datetime.now(UTC) - LIMIT
        found = collect(log, store, before=before, is_dry_run=False, on_step=lambda *_: None)
        sys.stdout.write(f"{len(found.removed)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
