"""The README's tour, line by line as it stands."""

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


@pytest.fixture
def a_demo_service(tmp_path: Path) -> Iterator[RunningService]:
    with running_service(tmp_path / "home", "--demo") as service:
        deadline = time.monotonic() + JOB_S
        while sum(model["production_version"] is not None for model in service.get("/models")["items"]) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield service


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
