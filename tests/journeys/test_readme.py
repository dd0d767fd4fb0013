"""What the README invites to: the demo, and the tour, line by line as it stands."""

import os
import re
import shlex
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from interfaces.cli.demo_tables import demo_tables
from tests.support.service import JOB_S, RunningService, running_service

pytestmark = pytest.mark.slow

README = Path(__file__).parents[2] / "README.md"


def tour() -> Iterator[str]:
    """Yield the commands of the tour; one may go over several lines."""
    section = README.read_text().partition("\n## A tour\n")[2].partition("\n## ")[0]
    for block in re.findall(r"```sh\n(.*?)```", section, flags=re.DOTALL):
        command = ""
        for line in block.splitlines():
            command += line + "\n"
            try:
                shlex.split(command)
            except ValueError:  # a quotation that goes on in the next line
                continue
            yield command.strip()
            command = ""


def curl(service: RunningService, arguments: list[str]) -> httpx.Response:
    """Do what curl does with the options that the README uses: curl itself may not be on the machine."""
    parser = ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-s", "--silent", action="store_true")
    parser.add_argument("-G", "--get", action="store_true")
    parser.add_argument("-X", "--request")
    parser.add_argument("-H", "--header", action="append", default=[])
    parser.add_argument("--json")
    parser.add_argument("--data-binary")
    parser.add_argument("--data-urlencode", action="append", default=[])
    parser.add_argument("-o", "--output", help="left unwritten: it may be anywhere")
    expanded = [f"-s{each[2:]}" if each == "-sG" else each for each in arguments]
    given = parser.parse_args([*expanded, *(["-G"] if "-sG" in arguments else [])])
    headers = dict(each.split(": ", 1) for each in given.header)
    content = None
    if given.json is not None:
        headers.setdefault("Content-Type", "application/json")
        content = given.json.encode()
    if given.data_binary is not None:
        content = Path(given.data_binary.removeprefix("@")).read_bytes()
    url = "http://" + given.url.removeprefix("http://").replace(
        "localhost:8000", service.url.removeprefix("http://")
    )
    method = given.request or ("GET" if content is None else "POST")
    parameters = [tuple(each.split("=", 1)) for each in given.data_urlencode]
    request = httpx.Request(method, httpx.URL(url).copy_merge_params(parameters), headers=headers, content=content)
    return service.client.send(request)


@pytest.fixture(scope="module")
def a_demo_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(tmp_path_factory.mktemp("demo") / "home", "--demo") as service:
        deadline = time.monotonic() + JOB_S
        tables = len(demo_tables())
        while sum(model["production_version"] is not None for model in service.get("/models")["items"]) < tables:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield service


def test_the_demo_promotes_a_model_for_each_table_once(a_demo_service: RunningService) -> None:
    log = a_demo_service.get("/events", limit=1_000)["items"]
    command = [sys.executable, "-P", "-m", "interfaces.cli.demo", a_demo_service.url]
    again = subprocess.run(command, capture_output=True, text=True, check=True, timeout=JOB_S)
    assert a_demo_service.get("/events", limit=1_000)["items"] == log
    promoted = {model["name"]: model["production_version"] for model in a_demo_service.get("/models")["items"]}
    assert {table.name: promoted[table.name] for table in demo_tables()} == {
        table.name: "1.0.0" for table in demo_tables()
    }
    ask_as_invited(again.stdout, a_demo_service.url)


def test_the_demo_has_every_type_of_model_that_can_be_trained_and_all_of_them_answer(
    a_demo_service: RunningService,
) -> None:
    assert {table.model_type for table in demo_tables()} == {
        each["type"] for each in a_demo_service.get("/model-types")["items"]
    }
    for table in demo_tables():
        response = a_demo_service.post("/inference", {"model_id": table.name, "features": table.instance(0)})
        assert response.status_code == httpx.codes.OK, response.text


def ask_as_invited(printed: str, url: str) -> None:
    """Send what the printed curl line would send."""
    (line,) = [line for line in printed.splitlines() if line.startswith("curl ")]
    _, _, address, _, header, _, body = shlex.split(line)
    name, _, value = header.partition(": ")
    response = httpx.post(address, headers={name: value}, content=body, trust_env=False)
    assert address.startswith(url)
    assert response.status_code == httpx.codes.OK, response.text
    (result,) = response.json()["results"]
    assert result["prediction"] == "malignant"
    assert len(result["explanation"]) == 30


def test_every_line_of_the_tour_works_as_it_stands(a_demo_service: RunningService) -> None:
    answers: list[tuple[str, int, str]] = []
    for command in tour():
        first, *arguments = shlex.split(command)
        if first == "curl":
            response = curl(a_demo_service, arguments)
            answers.append((command, response.status_code, response.text))
        else:
            installed = command.replace(".venv/bin/ml-service", f"{sys.executable} -m interfaces.main")
            environment = {
                **os.environ,
                "ML_SERVICE_URL": a_demo_service.url,
                "ML_SERVICE_HOME": str(a_demo_service.home),
            }
            subprocess.run(installed, shell=True, env=environment, check=True, timeout=JOB_S)
    *granted, decided_on_an_old_state = answers
    assert len(granted) >= 12
    assert [answer for answer in granted if answer[1] not in {200, 201}] == []
    assert decided_on_an_old_state[1] == httpx.codes.PRECONDITION_FAILED
