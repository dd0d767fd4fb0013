"""An inbox in a process of its own, which a message can end.

`python -m tests.support.dying_inbox URL DIRECTORY LOG` writes into the log what it has handled, and ends when
nothing is left.
"""

import os
import signal
import sys
from pathlib import Path

from application.integration.inbound import InboundEvent
from application.integration.incoming import STREAM
from infrastructure.messaging.address import NatsAddress
from tests.support.inboxes import Neighbour, RunningInbox
from tests.support.processes import eventually

ACK_WAIT_S = 1.0


def main(url: str, directory: Path, log: Path) -> None:
    address = NatsAddress(url=url)

    def react(event: InboundEvent) -> bool:
        if event.id == "poison":
            os.kill(os.getpid(), signal.SIGKILL)
        with log.open("a") as file:
            file.write(f"{event.id}\n")
        return False

    def is_empty() -> bool:
        return neighbour.does(lambda client: client.jetstream().stream_info(STREAM)).state.messages == 0

    with Neighbour(address) as neighbour, RunningInbox(address, directory, react, ack_wait_s=ACK_WAIT_S):
        assert eventually(is_empty)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
