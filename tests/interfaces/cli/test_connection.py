"""Where commands look for the service, and how they end when it is not there or says no."""

import json
import socket
import subprocess
import sys

import pytest
import typer

from interfaces.cli.assignments import parse_assignments
from interfaces.cli.connection import DEFAULT_URL, Connection, service_url
from interfaces.cli.output import printable
from tests.interfaces.cli.commands import DEMO, run


@pytest.fixture
def nowhere():
    """The URL of a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def an_empty_home(tmp_path, monkeypatch):
    monkeypatch.delenv("ML_SERVICE_URL", raising=False)
    monkeypatch.setenv("ML_SERVICE_HOME", str(tmp_path))
    return tmp_path


def test_the_nearest_word_on_where_the_service_is_counts(an_empty_home, monkeypatch):
    assert service_url(None) == DEFAULT_URL
    said = {"pid": 1, "url": "http://127.0.0.1:8111", "nats_url": None}
    (an_empty_home / "service.json").write_text(json.dumps(said))
    assert service_url(None) == "http://127.0.0.1:8111"
    monkeypatch.setenv("ML_SERVICE_URL", "http://127.0.0.1:8222")
    assert service_url(None) == "http://127.0.0.1:8222"
    assert service_url("http://127.0.0.1:8333") == "http://127.0.0.1:8333"


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '"http://x"'])
def test_a_service_file_that_cannot_be_read_counts_as_none(an_empty_home, content):
    (an_empty_home / "service.json").write_text(content)
    assert service_url(None) == DEFAULT_URL


@pytest.mark.parametrize("given", ["http://h:1", "http://h:1/", "http://h:1/api/v1", "http://h:1/api/v1/"])
def test_a_url_may_name_the_base_path(given):
    with Connection(given) as connection:
        assert connection.url == "http://h:1"


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://host", "http://", "http://host:port", "http://[::1"])
def test_what_is_no_url_is_a_usage_error(url):
    with pytest.raises(typer.BadParameter):
        service_url(url)
    assert run("events", "--url", url).status == 2


@pytest.mark.parametrize(
    "command",
    [
        ("predict", "--model", "m", "x=1"),
        ("train", "--model", "m", "--dataset", "d"),
        ("events",),
        ("events", "--follow"),
    ],
)
def test_a_service_that_cannot_be_reached_is_told_and_ends_with_3(nowhere, command):
    ended = run(*command, "--url", nowhere)
    assert (ended.status, ended.out) == (3, "")
    assert f"cannot reach {nowhere}" in ended.err
    assert "Traceback" not in ended.err


def test_the_demo_tells_when_the_service_cannot_be_reached(nowhere):
    assert run(nowhere, program=DEMO).status == 3


@pytest.mark.parametrize(
    "command",
    [
        ("predict", "--model", "m"),
        ("predict", "x=1"),
        ("predict", "--model", "m", "x=1", "y"),
        ("predict", "--model", "m", "x=1", "x=2"),
        ("predict", "--model", "m", "nowhere.json"),
        ("predict", "--model", "m", "-"),
        ("train", "--model", "m"),
        ("train", "--model", "m", "--dataset", "d", "--set", "rounds"),
        ("events", "--after", "-1"),
        ("events", "--after", "x"),
        ("fly",),
    ],
)
def test_a_command_that_is_not_understood_ends_with_2(nowhere, command):
    ended = run(*command, given=b"{", ML_SERVICE_URL=nowhere)
    assert ended.status == 2, ended
    assert ended.err


@pytest.mark.parametrize("content", [b"NaN", b"[{]", b"1", b'"x"', b"", b"\xff"])
def test_a_file_without_instances_is_a_usage_error(tmp_path, nowhere, content):
    path = tmp_path / "instances.json"
    path.write_bytes(content)
    assert run("predict", "--model", "m", str(path), ML_SERVICE_URL=nowhere).status == 2


def test_values_are_json_where_they_can_be_and_else_text():
    words = [
        "a=1",
        "b=1.5",
        "c=true",
        "d=null",
        "e=Bern",
        'f="8001"',
        "g=",
        "h=x=y",
        'i=["p","q"]',
        "j k=-1e3",
        "l=NaN",
    ]
    assert parse_assignments(words) == {
        "a": 1,
        "b": 1.5,
        "c": True,
        "d": None,
        "e": "Bern",
        "f": "8001",
        "g": None,
        "h": "x=y",
        "i": ["p", "q"],
        "j k": -1000.0,
        "l": "NaN",
    }


def test_what_the_service_says_never_drives_the_terminal():
    assert printable("a\x1b[31m\nb\u202eü") == "a\\x1b[31m\\nb\\u202eü"


def test_a_command_starts_without_what_it_does_not_need():
    heavy = "{'httpx', 'rich', 'lightgbm', 'numpy', 'sklearn'}"
    program = f"import sys, interfaces.cli.app; print(*{heavy} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert found.stdout.split() == []
