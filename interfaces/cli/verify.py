"""`ml-service verify`: whether a version comes out the same when it is trained again."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from interfaces.cli.connection import connected
from interfaces.cli.jobs import ended_or_left
from interfaces.cli.options import AsJson, Url
from interfaces.cli.output import complain, console, is_for_people, print_json, printable

_FAILED = 1


def verify(
    *,
    model: Annotated[str, typer.Option(help="Id or name of the model.", show_default=False)],
    version: Annotated[str, typer.Option(help="Number, id or alias of the version.")] = "production",
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Train a version again from what the log says, and tell whether it comes out the same, bit for bit.

    Ends with 1 where it does not. A program that reads gets what came of it as one line of JSON.
    """
    is_shown = is_for_people(as_json=as_json)
    with connected(url) as connection:
        versions = f"/models/{quote(model, safe='')}/versions"
        job = connection.post(f"{versions}/{quote(version, safe='')}/verify", None)
        for each in job["environment_differences"]:
            complain(f"It may come out otherwise: {_told(each)}")
        job = ended_or_left(connection, job["id"], is_shown=is_shown)
        if job["status"] != "completed":
            complain(f"The job is {job['status']}: {job['error'] or 'somebody cancelled it.'}")
            raise typer.Exit(_FAILED)
        found = connection.get(f"{versions}/{job['verifies']}")
    verification = found["verification"]
    if is_shown:
        _show(found["version"], verification)
    else:
        print_json(verification)
    if not verification["reproduced"]:
        complain(f"Version {printable(found['version'])} did not come out the same.")
        raise typer.Exit(_FAILED)


def _show(version: str, verification: Mapping[str, Any]) -> None:
    out = console()
    said = "reproduced, bit for bit" if verification["reproduced"] else "not reproduced"
    out.print(f"version  {printable(version)}: {said}")
    for each in verification["differences"]:
        out.print(f"differs  {_told(each)}")


def _told(difference: Mapping[str, Any]) -> str:
    expected, actual = (printable(difference[each] or "none") for each in ("expected", "actual"))
    return f"{printable(difference['what'])}: {expected} → {actual}"
