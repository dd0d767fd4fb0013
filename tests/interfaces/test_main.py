"""What `ml-service` says when it cannot start."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def started(directory: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "interfaces.main", *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_port_that_is_taken_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = started(tmp_path, "serve", "--port", str(port))
    assert ended.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use; give another --port" in ended.stderr


@pytest.mark.parametrize("home", ["/proc/x", "/etc/passwd"])
def test_a_home_that_cannot_be_used_is_named_with_what_to_do(tmp_path: Path, home: str) -> None:
    ended = started(tmp_path, "serve", "--port", "0", "--home", home)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"ml-service: cannot use {home} as the data directory")


def test_a_host_that_does_not_exist_is_named(tmp_path: Path) -> None:
    ended = started(tmp_path, "serve", "--host", "no.such.host.invalid", "--port", "0")
    assert ended.returncode == 2
    assert "cannot listen on no.such.host.invalid:0" in ended.stderr
    assert "--port" not in ended.stderr


@pytest.mark.parametrize(
    ("flag", "value", "name"),
    [
        ("--port", "70000", "ML_SERVICE_PORT"),
        ("--lease-s", "0.001", "ML_SERVICE_LEASE_S"),
        ("--dataset-root", "/nowhere", "ML_SERVICE_DATASET_ROOT"),
        ("--log-level", "loud", "ML_SERVICE_LOG_LEVEL"),
        ("--nats-url", "http://localhost", "ml-service: A NATS URL is nats://host:port"),
        ("--nats-replicas", "3", "ML_SERVICE_NATS_REPLICAS"),
        ("--nats-tls-ca", "/nowhere", "ML_SERVICE_NATS_TLS_CA"),
        ("--database-service", "none", "ML_SERVICE_DATABASE_SERVICE"),
        ("--database-service-url", "sqlite://x", "ml-service: --database-service-url: The database URL cannot be"),
    ],
)
def test_a_setting_that_cannot_be_is_a_usage_error(tmp_path: Path, flag: str, value: str, name: str) -> None:
    ended = started(tmp_path, "serve", flag, value)
    assert ended.returncode == 2
    assert ended.stderr.startswith(name)
    assert list(tmp_path.iterdir()) == []


def test_a_database_service_without_a_database_of_its_kind_does_not_start(tmp_path: Path) -> None:
    ended = started(tmp_path, "database", "--database-service-url", "sqlite://x")
    assert ended.returncode == 2
    assert ended.stderr.startswith("ml-service: --database-service-url: The database URL cannot be")


def test_a_misspelt_variable_is_named_with_the_nearest_setting(tmp_path: Path) -> None:
    ended = started(tmp_path, "worker", "--home", "none", ML_SERVICE_PROT="1")
    assert "ML_SERVICE_PROT is no setting and changes nothing. Did you mean 'ML_SERVICE_PORT'?" in ended.stderr


def test_a_worker_without_a_service_says_what_to_do(tmp_path: Path) -> None:
    ended = started(tmp_path, "worker", "--home", "none")
    assert ended.returncode == 2
    assert "there is no service at none: start one, or give its --home" in ended.stderr


def test_nothing_but_a_restore_begins_where_a_restore_has_not_ended(tmp_path: Path) -> None:
    (tmp_path / "home" / "restoring").mkdir(parents=True)
    for command in (("serve", "--port", "0"), ("engine",), ("worker",)):
        ended = started(tmp_path, *command, "--home", "home")
        assert ended.returncode == 2
        assert "run `ml-service restore` again" in ended.stderr or "there is no service" in ended.stderr
        assert [path.name for path in (tmp_path / "home").iterdir() if path.suffix == ".db"] == []


def test_an_unreachable_database_is_told_in_a_line_without_its_password(tmp_path: Path) -> None:
    for command in (("serve", "--port", "0"), ("engine",), ("worker", "--home", ".")):
        ended = started(tmp_path, *command, "--database-url", "postgresql://ann:secret@127.0.0.1:1/ml")
        assert ended.returncode == 3
        assert "PostgreSQL cannot be reached" in ended.stderr
        assert "secret" not in ended.stderr
        assert "Traceback" not in ended.stderr
