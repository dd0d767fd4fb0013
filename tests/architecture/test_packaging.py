"""The four top-level names are this repository's, and what is installed is what was locked."""

import re
import tomllib
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "application", "infrastructure", "interfaces")
LOCKS = (
    "requirements.txt",
    "requirements-s3.txt",
    "requirements-gcs.txt",
    "requirements-azure.txt",
    "requirements-dask.txt",
    "requirements-dev.txt",
    "requirements-stores.txt",
)
DISTRIBUTION = "machine-learning-service"


@pytest.fixture
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("package", PACKAGES)
def test_the_package_is_the_one_of_this_repository(package: str):
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).resolve() == (ROOT / package / "__init__.py").resolve()


def test_no_other_distribution_brings_a_package_of_these_names():
    brought_by = metadata.packages_distributions()
    for package in PACKAGES:
        assert set(brought_by.get(package, [])) <= {DISTRIBUTION}


def test_the_service_is_installed_from_here():
    installed = metadata.distribution(DISTRIBUTION)
    scripts = {each.name: each.value for each in installed.entry_points if each.group == "console_scripts"}
    assert scripts == {"ml-service": "interfaces.main:main"}


def test_the_project_is_an_application_that_is_never_uploaded(project: dict[str, Any]):
    assert "Private :: Do Not Upload" in project["project"]["classifiers"]
    assert project["project"]["scripts"] == {"ml-service": "interfaces.main:main"}


def test_exactly_the_four_packages_are_installed(project: dict[str, Any]):
    include = project["tool"]["setuptools"]["packages"]["find"]["include"]
    assert include == [f"{package}*" for package in PACKAGES]
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert found == {*PACKAGES, "tests"}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place_and_a_hash_for_every_requirement(lock: str):
    text = (ROOT / lock).read_text()
    assert re.search(r"://|--index-url|--extra-index-url|--find-links|--trusted-host|@ file", text) is None
    statements = [
        each for each in text.replace("\\\n", " ").splitlines() if each and not each.lstrip().startswith("#")
    ]
    assert len(statements) > 20
    for statement in statements:
        assert re.match(r"[A-Za-z0-9._\-\[\]]+==\S+", statement), statement
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", statement), statement


def test_every_extra_has_a_lock(project: dict[str, Any]):
    extras = project["project"]["optional-dependencies"]
    assert {f"requirements-{extra}.txt" for extra in extras} == set(LOCKS) - {LOCKS[0], *LOCKS[-2:]}


def test_the_locks_agree():
    pinned: dict[str, str] = {}
    for lock in LOCKS:
        found = dict(
            re.findall(r"^([A-Za-z0-9._\-]+)(?:\[[^\]]*\])?==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)
        )
        assert {name: pinned.get(name, version) for name, version in found.items()} == found
        pinned |= found


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_every_lock_holds_all_that_the_service_needs(lock: str):
    service, further = (
        set(re.findall(r"^([a-z0-9.\-]+)", (ROOT / each).read_text(), re.MULTILINE)) for each in (LOCKS[0], lock)
    )
    assert service <= further


def test_what_ci_runs_is_what_a_developer_runs():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert re.search(r"^(exec )?make test$", script.read_text(), re.MULTILINE)
