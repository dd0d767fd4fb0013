"""The command `ml-service`, as far as it is a client; what runs a service is added where it is composed."""

import typer

from interfaces.cli.dead_letters import dead_letters
from interfaces.cli.events import events
from interfaces.cli.predict import predict
from interfaces.cli.train import train
from interfaces.cli.verify import verify

app = typer.Typer(
    name="ml-service",
    help="Register, train, promote and ask machine-learning models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(predict)
app.command()(train)
app.command()(verify)
app.command()(events)
app.add_typer(dead_letters, name="dead-letters")
