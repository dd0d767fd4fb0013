"""What a training of trees does not load."""

import subprocess
import sys
from importlib import import_module

import pytest

from infrastructure.system.unseen import unseen

TREES = """
import sys
import infrastructure.learning.trainers.classification, infrastructure.learning.trainers.regression
import infrastructure.learning.predictors.classification, infrastructure.learning.predictors.regression
print(*sorted({"sklearn", "pandas"} & set(sys.modules)), sep=",")
"""


def test_a_library_is_found_again_after_it_was_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)

    with unseen("colorsys"), pytest.raises(ModuleNotFoundError, match="No module named 'colorsys'"):
        import_module("colorsys")

    assert import_module("colorsys")


def test_what_is_imported_already_stays_so() -> None:
    with unseen("json"):
        assert import_module("json") is sys.modules["json"]


def test_trees_are_learned_and_asked_without_scikit_learn_and_pandas() -> None:
    told = subprocess.run([sys.executable, "-c", TREES], check=True, capture_output=True, text=True)

    assert told.stdout.strip() == ""
