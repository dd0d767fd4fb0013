"""The rules that the code as a whole keeps."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from domain.kernel import DomainEvent

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "application", "infrastructure", "interfaces")
LINES_MAX = 300
FORBIDDEN_NAMES = {"utils", "util", "common", "base", "manager", "managers", "helper", "helpers", "misc"}
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def all_modules_of(package: str) -> Iterator[ModuleType]:
    root = importlib.import_module(package)
    yield root
    for found in pkgutil.walk_packages(root.__path__, f"{package}."):
        yield importlib.import_module(found.name)


def event_types(of: type[DomainEvent] = DomainEvent) -> Iterator[type[DomainEvent]]:
    for each in of.__subclasses__():
        yield each
        yield from event_types(each)


def test_dependencies_point_inwards():
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=name_of)
def test_a_package_says_what_it_is_and_nothing_more(path: Path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1


def test_every_directory_of_code_is_a_package():
    assert all((path.parent / "__init__.py").exists() for path in MODULES)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_short_and_named_for_what_it_does(path: Path):
    assert len(path.read_text().splitlines()) <= LINES_MAX
    assert not FORBIDDEN_NAMES & {path.stem, path.parent.name}
    assert not FORBIDDEN_NAMES & set(path.stem.split("_"))


def test_layers_have_the_same_slices():
    def slices(layer: str) -> set[str]:
        return {path.name for path in (ROOT / layer).iterdir() if (path / "__init__.py").exists()}

    assert slices("domain") <= slices("application")


def test_every_event_says_when_it_is_true():
    list(all_modules_of("domain"))
    stored = [each for each in event_types() if each.__module__.startswith("domain.")]
    assert len(stored) > 20
    for event_type in stored:
        if event_type.__name__ != "UnknownEvent":
            assert (event_type.__doc__ or "").startswith("When "), event_type


def test_every_event_has_a_topic_of_its_own():
    list(all_modules_of("domain"))
    topics = [
        each.TOPIC for each in event_types() if each.__module__.startswith("domain.") and "TOPIC" in vars(each)
    ]
    assert len(set(topics)) == len(topics)


def test_nothing_decides_by_a_clock_or_by_chance():
    forbidden = {"time", "random", "secrets", "os", "asyncio", "threading", "socket", "subprocess", "io"}
    for path in MODULES:
        if path.relative_to(ROOT).parts[0] == "domain":
            tree = ast.parse(path.read_text())
            imported = {
                alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
            }
            imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
            assert not forbidden & imported, path
            called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            assert not {"now", "utcnow", "today"} & called, path
            names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            assert not {"uuid1", "uuid4"} & names, path
