"""How much is tried: a little whenever tests run, `ML_FAULTS_SCALE` times as much in `make faults`."""

import os

SCALE = int(os.environ.get("ML_FAULTS_SCALE", "1"))


def examples(count: int) -> int:
    """Return on how many examples a property is tried that is tried on so many whenever tests run."""
    return count * SCALE
