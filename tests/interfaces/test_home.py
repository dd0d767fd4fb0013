"""What a running service says of itself in its data directory."""

import json
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from interfaces.home import announced, with_nats_of_running
from interfaces.settings import Settings
from tests.support.processes import eventually


def said(settings: Settings) -> Any:
    return json.loads(settings.service_file.read_text())


def test_a_nats_address_that_changes_is_announced_anew(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    urls = ["nats://token@127.0.0.1:1"]
    with announced(settings, "http://here", nats_url=lambda: urls[-1]):
        assert said(settings)["nats_url"] == urls[0]
        urls.append("nats://token@127.0.0.1:2")
        assert eventually(lambda: said(settings)["nats_url"] == urls[1])
        assert settings.service_file.stat().st_mode & 0o777 == 0o600
    assert not settings.service_file.exists()


def test_nats_with_its_files_is_found_by_the_data_directory_of_a_service_that_runs(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    running = Settings(home=tmp_path, nats_url=SecretStr("nats://token@there:4222"), nats_tls_ca=authority)
    with announced(running, "http://here", nats_url=lambda: "nats://token@there:4222"):
        assert with_nats_of_running(Settings(home=tmp_path)) == running


def test_a_service_that_says_nothing_of_nats_leaves_it_to_the_settings(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, nats_url=SecretStr("nats://there:4222"))
    assert with_nats_of_running(settings) == settings
    with announced(settings, "http://here", nats_url=lambda: None):
        assert with_nats_of_running(settings) == settings
