"""Options that several commands share."""

from typing import Annotated

import typer

Url = Annotated[
    str | None,
    typer.Option(
        help="Where the service is. Else ML_SERVICE_URL, else what a service on this data directory "
        "(ML_SERVICE_HOME) says, else http://127.0.0.1:8000.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON lines, as wherever no terminal reads.")]
