"""What `ml-service` says when it cannot start."""

import inspect
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from interfaces.roles import serve
from interfaces.settings import Settings
from tests.interfaces.cli.commands import Ended, run, run_apart


@pytest.fixture(autouse=True)
def an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a service would begin that is told of no place."""
    monkeypatch.chdir(tmp_path)


def test_a_port_that_is_taken_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run_apart("serve", "--port", str(port))
    assert ended.status == 2
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use; give another --port" in ended.err


@pytest.mark.parametrize("home", ["/proc/x", "/etc/passwd"])
def test_a_home_that_cannot_be_used_is_named_with_what_to_do(home: str) -> None:
    ended = run("serve", "--port", "0", "--home", home)
    assert ended.status == 2
    assert ended.err.startswith(f"ml-service: cannot use {home} as the data directory")


def test_a_host_that_does_not_exist_is_named() -> None:
    ended = run("serve", "--host", "no.such.host.invalid", "--port", "0")
    assert ended.status == 2
    assert "cannot listen on no.such.host.invalid:0" in ended.err
    assert "--port" not in ended.err


@pytest.mark.parametrize(
    ("flag", "value", "name"),
    [
        ("--port", "70000", "ML_SERVICE_PORT"),
        ("--lease-s", "0.001", "ML_SERVICE_LEASE_S"),
        ("--dataset-root", "/nowhere", "ML_SERVICE_DATASET_ROOT"),
        ("--training-memory-bytes", "1000", "ML_SERVICE_TRAINING_MEMORY_BYTES"),
        ("--training-time-s", "0", "ML_SERVICE_TRAINING_TIME_S"),
        ("--log-level", "loud", "ML_SERVICE_LOG_LEVEL"),
        ("--nats-url", "http://localhost", "ml-service: A NATS URL is nats://host:port"),
        ("--nats-replicas", "3", "ML_SERVICE_NATS_REPLICAS"),
        ("--nats-tls-ca", "/nowhere", "ML_SERVICE_NATS_TLS_CA"),
        ("--database-service", "none", "ML_SERVICE_DATABASE_SERVICE"),
        ("--database-service-url", "sqlite://x", "ml-service: --database-service-url: The database URL cannot be"),
    ],
)
def test_a_setting_that_cannot_be_is_a_usage_error(tmp_path: Path, flag: str, value: str, name: str) -> None:
    ended = run("serve", flag, value)
    assert ended.status == 2
    assert ended.err.startswith(name)
    assert list(tmp_path.iterdir()) == []


def test_every_setting_of_a_service_is_a_flag() -> None:
    assert inspect.signature(serve).parameters.keys() - {"demo"} == Settings.model_fields.keys()


@pytest.mark.parametrize("role", ["serve", "api", "worker", "engine", "database"])
def test_whatever_works_with_nats_is_told_how_by_flags(role: str) -> None:
    ended = run(role, "--nats-tls-ca", "/nowhere")
    assert ended.status == 2
    assert ended.err.startswith("ML_SERVICE_NATS_TLS_CA")


def test_a_database_service_without_a_database_of_its_kind_does_not_start() -> None:
    ended = run("database", "--database-service-url", "sqlite://x")
    assert ended.status == 2
    assert ended.err.startswith("ml-service: --database-service-url: The database URL cannot be")


def test_a_misspelt_variable_is_named_with_the_nearest_setting() -> None:
    ended = run("worker", "--home", "none", ML_SERVICE_PROT="1")
    assert "ML_SERVICE_PROT is no setting and changes nothing. Did you mean 'ML_SERVICE_PORT'?" in ended.err


def test_a_worker_without_a_service_says_what_to_do() -> None:
    ended = run("worker", "--home", "none")
    assert ended.status == 2
    assert "there is no service at none: start one, or give its --home" in ended.err


def test_a_worker_that_does_nothing_is_none(tmp_path: Path) -> None:
    ended = run("worker", "--home", str(tmp_path), ML_SERVICE_WORKER_JOBS="0")
    assert ended.status == 2
    assert "give --worker-jobs 1 or more" in ended.err


def test_processes_that_answer_need_a_service_and_be_one_at_least(tmp_path: Path) -> None:
    ended = run("api", "--port", "0", "--home", "none")
    assert ended.status == 2
    assert "there is no service at none: start one, or give its --home or --database-url" in ended.err
    ended = run("api", "--workers", "0")
    assert ended.status == 2
    assert "--workers" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_nothing_but_a_restore_begins_where_a_restore_has_not_ended(tmp_path: Path) -> None:
    (tmp_path / "home" / "restoring").mkdir(parents=True)
    for command in (("serve", "--port", "0"), ("api", "--port", "0"), ("engine",), ("worker",)):
        ended = run(*command, "--home", "home")
        assert ended.status == 2
        assert "run `ml-service restore` again" in ended.err or "there is no service" in ended.err
        assert [path.name for path in (tmp_path / "home").iterdir() if path.suffix == ".db"] == []


@pytest.mark.parametrize(
    ("how", "command"),
    [
        (run_apart, ("serve", "--port", "0")),
        (run, ("api", "--port", "0")),
        (run, ("engine",)),
        (run, ("worker", "--home", ".")),
    ],
)
def test_an_unreachable_database_is_told_in_a_line_without_its_password(
    how: Callable[..., Ended], command: tuple[str, ...]
) -> None:
    ended = how(*command, "--database-url", "postgresql://ann:secret@127.0.0.1:1/ml")
    assert ended.status == 3
    assert "PostgreSQL cannot be reached" in ended.err
    assert "secret" not in ended.err
    assert "Traceback" not in ended.err
