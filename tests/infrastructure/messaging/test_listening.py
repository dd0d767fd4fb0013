"""A neighbour that knows nothing of this program hears what happens, by the script that the README names."""

import json
import subprocess
import sys
from pathlib import Path

from application.ledger import Ledger
from infrastructure.event_store.settings import sqlite_environment
from tests.support.events import JOB_ID, training_job_completed, training_job_requested, training_job_started
from tests.support.nats import NatsServer
from tests.support.relaying import catch_up, relaying

LISTEN = Path(__file__).parents[3] / "docs" / "listen.py"


def test_the_events_of_a_training_job_arrive_at_the_example_subscriber(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    (tmp_path / "service.json").write_text(json.dumps({"pid": 1, "url": "", "nats_url": nats_server.url}))
    with (
        Ledger(sqlite_environment(tmp_path / "events.db")) as ledger,
        relaying(nats_server.address, ledger) as relay,
    ):
        ledger.commit([training_job_requested()])
        catch_up(relay)
        script = [sys.executable, str(LISTEN), str(tmp_path)]
        with subprocess.Popen(script, stdout=subprocess.PIPE, text=True) as listener:
            assert listener.stdout is not None
            assert "ml.training_job.requested.v1" in listener.stdout.readline()
            ledger.commit(
                [training_job_started(originator_version=2), training_job_completed(originator_version=3)]
            )
            assert "ml.training_job.started.v1" in listener.stdout.readline()
            completed = listener.stdout.readline()
            listener.kill()
    assert "ml.training_job.completed.v1" in completed
    assert str(JOB_ID) in completed


def test_without_a_service_the_example_subscriber_says_so_in_a_line(tmp_path: Path) -> None:
    script = [sys.executable, str(LISTEN), str(tmp_path)]
    ended = subprocess.run(script, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr == (
        f"There is no {tmp_path / 'service.json'}: start the service, or give its data directory.\n"
    )
