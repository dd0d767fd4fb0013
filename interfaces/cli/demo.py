"""`python -m interfaces.cli.demo URL`: a model of each type at least, for a service to be tried out with.

Everything goes through the HTTP API. What is there already is left as it is, so a second run does nothing,
and a run after an interrupted one does the rest.
"""

import json
import shlex
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from interfaces.cli.connection import ClientError, Connection, Refused, connected
from interfaces.cli.jobs import ended_job, metrics_text
from interfaces.cli.output import console, is_for_people

if TYPE_CHECKING:
    from rich.console import Console

    from interfaces.cli.demo_tables import DemoTable

_NOT_FOUND = 404
_ASKED_ABOUT = "breast_cancer"
_MARK = {"demo": True}
"""Metadata of the demo's own models: others of these names are their owners' business."""


class DemoFailed(ClientError):
    """A training gave no model."""


def prepare_demo(url: Annotated[str, typer.Argument(help="Where the service is.")]) -> None:
    """Train and promote a model on each example table, where there is none yet."""
    from interfaces.cli.demo_tables import demo_tables  # noqa: PLC0415 - scikit-learn takes a second

    out = console()
    tables = demo_tables()
    with connected(url) as connection:
        for table in tables:
            _prepare(connection, table, out)
        asked_about = next(table for table in tables if table.name == _ASKED_ABOUT)
        out.print(_invitation(connection.url, asked_about), soft_wrap=True)


def _prepare(connection: Connection, table: "DemoTable", out: "Console") -> None:
    model = _model(connection, table)
    if not _MARK.items() <= model["metadata"].items():
        out.print(f"{table.name}: there is a model of yours with this name; it is left alone", soft_wrap=True)
        return
    if model["production_version"] is not None:
        out.print(f"{table.name}: version {model['production_version']} is in production", soft_wrap=True)
        return
    number = model["latest_version"]
    if number is None:
        number = _trained_version(connection, table, model, out)
    path = f"/models/{model['id']}/versions/{quote(number, safe='')}"
    version = connection.get(path)
    if version["status"] != "staging":
        out.print(f"{table.name}: version {number} is {version['status']}, and stays so", soft_wrap=True)
        return
    connection.put(f"{path}/status", {"status": "production"})
    out.print(f"{table.name}: version {number} promoted: {metrics_text(version['metrics'])}", soft_wrap=True)


def _model(connection: Connection, table: "DemoTable") -> Any:
    found = _found(connection, f"/models/{table.name}")
    if found is not None:
        return found
    body = {"name": table.name, "type": table.model_type, "description": table.description, "metadata": _MARK}
    return connection.post("/models", body)


def _dataset(connection: Connection, table: "DemoTable", out: "Console") -> Any:
    found = _found(connection, f"/datasets/{table.name}")
    if found is not None:
        return found
    out.print(f"{table.name}: uploading {len(table.rows)} rows", soft_wrap=True)
    given = {"name": table.name, **({} if table.target is None else {"target": table.target})}
    return connection.upload("/datasets", table.csv(), media_type="text/csv", **given)


def _trained_version(connection: Connection, table: "DemoTable", model: Any, out: "Console") -> str:
    job = _open_job(connection, model["id"])
    if job is None:
        dataset = _dataset(connection, table, out)
        job = connection.post("/training-jobs", {"model_id": model["id"], "dataset_id": dataset["id"]})
    out.print(f"{table.name}: training", soft_wrap=True)
    job = ended_job(connection, job["id"], is_shown=is_for_people(as_json=False))
    if job["status"] != "completed":
        message = f"{table.name}: the training job {job['id']} is {job['status']}: {job['error'] or ''}"
        raise DemoFailed(message)
    return str(job["resulting_version"])


def _open_job(connection: Connection, model_id: str) -> Any:
    unfinished = f"model_id = '{model_id}' AND status IN ('pending', 'running')"
    jobs = connection.get("/training-jobs", filter=unfinished, page_size=1)["items"]
    return jobs[0] if jobs else None


def _found(connection: Connection, path: str) -> Any:
    try:
        return connection.get(path)
    except Refused as refused:
        if refused.status != _NOT_FOUND:
            raise
    return None


def _invitation(url: str, table: "DemoTable") -> str:
    request = {"model_id": table.name, "features": table.instance(0)}
    curl = shlex.join(
        [
            "curl",
            "-s",
            f"{url}/api/v1/inference?explain=true",
            "-H",
            "Content-Type: application/json",
            "-d",
            json.dumps(request, separators=(",", ":")),
        ]
    )
    return (
        f"\nOpen {url}/api/v1/models - the models\n"
        f"     {url}/api/v1/models/{table.name}/history - all that happened to one\n"
        f"     {url}/api/v1/events - all that happened\n"
        f"\nAsk about a tumour that was {table.rows[0][-1]}:\n\n{curl}\n"
    )


if __name__ == "__main__":
    typer.run(prepare_demo)
