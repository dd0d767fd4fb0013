"""`ml-service train`: a new version of a model."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from interfaces.cli.assignments import parse_assignments
from interfaces.cli.connection import connected
from interfaces.cli.jobs import ended_or_left, metrics_text
from interfaces.cli.options import AsJson, Url
from interfaces.cli.output import complain, console, is_for_people, print_json, printable

_FAILED = 1


def train(
    *,
    model: Annotated[str, typer.Option(help="Id or name of the model.", show_default=False)],
    dataset: Annotated[str, typer.Option(help="Id or name of the dataset.", show_default=False)],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A hyperparameter; may be repeated.", show_default=False),
    ] = None,
    priority: Annotated[int, typer.Option(help="From -9 to 9: the highest is begun first.", min=-9, max=9)] = 0,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the job to its end.")] = True,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Train a new version of a model from a dataset.

    A program that reads gets the job as one line of JSON: as it ended, or with --no-wait as it began.
    """
    body = {
        "model_id": model,
        "dataset_id": dataset,
        "hyperparameters": parse_assignments(settings or []),
        "priority": priority,
    }
    is_shown = is_for_people(as_json=as_json)
    with connected(url) as connection:
        job = connection.post("/training-jobs", body)
        if wait:
            job = ended_or_left(connection, job["id"], is_shown=is_shown)
    if is_shown:
        _show(job)
    else:
        print_json(job)
    if job["status"] in {"failed", "cancelled"}:
        complain(f"The job is {job['status']}: {job['error'] or 'somebody cancelled it.'}")
        raise typer.Exit(_FAILED)


def _show(job: Mapping[str, Any]) -> None:
    out = console()
    out.print(f"job      {job['id']}")
    out.print(f"status   {job['status']}")
    if job["resulting_version"] is not None:
        out.print(f"version  {printable(job['resulting_version'])} (promote it to let it answer)")
    if job["metrics"]:
        out.print(f"metrics  {metrics_text(job['metrics'])}")
