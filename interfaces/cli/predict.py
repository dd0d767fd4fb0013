"""`ml-service predict`: what a model says of one instance or many."""

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from interfaces.cli.assignments import parse_assignments
from interfaces.cli.connection import Refused, connected
from interfaces.cli.options import AsJson, Url
from interfaces.cli.output import console, is_for_people, number, print_json, printable

if TYPE_CHECKING:
    from rich.table import Table

_CONTRIBUTIONS_SHOWN = 10
_STANDARD_INPUT = "-"


def predict(
    *,
    instances: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE.json | - | KEY=VALUE...",
            help="A file (- for standard input) with one object of features or a list of them, or the "
            "features of one instance: a number, true, false or null as they stand, nothing behind the = for "
            "a missing value, all else as text. Quotes force text: 'plan=\"5\"'.",
            show_default=False,
        ),
    ],
    model: Annotated[str, typer.Option(help="Id or name of the model.", show_default=False)],
    version: Annotated[
        str | None, typer.Option(help="Number, id or alias; without it, the version in production.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="What each feature contributes.")] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Ask a model for predictions.

    A program that reads gets the service's answer as one line of JSON.
    """
    body: dict[str, Any] = {"model_id": model, "features": _features(instances)}
    if version is not None:
        body["version"] = version
    with connected(url) as connection:
        try:
            answer = connection.post("/inference", body, **({"explain": "true"} if explain else {}))
        except Refused as refused:
            raise _with_hint(refused, instances) from None
    if is_for_people(as_json=as_json):
        console().print(answer_table(answer))
    else:
        print_json(answer)


def _features(words: list[str]) -> Any:
    if len(words) > 1 or ("=" in words[0] and not Path(words[0]).is_file()):
        return parse_assignments(words)
    import orjson  # noqa: PLC0415 - `--help` and `serve` need not wait for it

    (source,) = words
    try:
        content = sys.stdin.buffer.read() if source == _STANDARD_INPUT else Path(source).read_bytes()
        features = orjson.loads(content)
    except OSError as error:
        message = f"{source} cannot be read: {error.strerror}."
        raise typer.BadParameter(message) from None
    except orjson.JSONDecodeError as error:
        message = f"{source} holds no JSON: {error}. A missing value is written null."
        raise typer.BadParameter(message) from None
    if not isinstance(features, dict | list):
        message = f"{source} holds neither an object of features nor a list of them."
        raise typer.BadParameter(message)
    return features


def _with_hint(refused: Refused, words: list[str]) -> Refused:
    """Return the refusal; where it wants text for a `key=value` that was read as something else, with the cure."""
    wanted = {
        str(each.get("field")) for each in refused.problems if str(each.get("message")).startswith("must be text")
    }
    hints = []
    for word in words:
        key, equals, text = word.partition("=")
        if equals and f"features.{key}" in wanted:
            hints.append(f"Quotes make it text: {shlex.quote(f'{key}={json.dumps(text, ensure_ascii=False)}')}")
    return Refused("\n".join([str(refused), *hints]), status=refused.status, document=refused.document)


def answer_table(answer: Mapping[str, Any]) -> "Table":
    """Return what people see of the service's answer."""
    from rich.table import Table  # noqa: PLC0415 - `--help` and `serve` need not wait for it

    table = Table("", "prediction", "probability", title=f"version {printable(answer['version'])}")
    explanations = [result["explanation"] for result in answer["results"]]
    if any(explanations):
        table.add_column("because of")
    for row, result in enumerate(answer["results"]):
        prediction, probability = result["prediction"], result["probability"]
        cells = [
            str(row),
            _prediction(prediction),
            "" if probability is None else number(probability),
        ]
        table.add_row(*cells, *([_contributions(result["explanation"])] if any(explanations) else []))
    return table


def _prediction(prediction: Any) -> str:
    if isinstance(prediction, list):
        return "\n".join(map(_step, prediction))
    return number(prediction) if isinstance(prediction, float) else printable(prediction)


def _step(step: Mapping[str, Any]) -> str:
    return (
        f"{printable(step['time'])}  {number(step['value'])} ({number(step['lower'])} to {number(step['upper'])})"
    )


def _contributions(explanation: Mapping[str, float]) -> str:
    strongest = sorted(explanation.items(), key=lambda each: abs(each[1]), reverse=True)
    shown = [f"{value:+.3f} {printable(name)}" for name, value in strongest[:_CONTRIBUTIONS_SHOWN] if value]
    return "\n".join(shown)
