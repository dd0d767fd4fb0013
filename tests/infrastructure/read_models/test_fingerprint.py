"""What projections put is part of the fingerprint, though by a number that somebody has to raise."""

import json
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from infrastructure.read_models.building import build
from infrastructure.read_models.file_generations import FileGenerations
from infrastructure.read_models.fingerprint import PROJECTION_VERSION
from tests.infrastructure.read_models.stores import Told, a_log, a_source, contents
from tests.infrastructure.read_models.test_bulk import EXAMPLES

DIGESTS = {
    1: "db00749abf76c566ec67df536474de938525e9d705a13545d02b63f842f7e336",
    2: "3ee08eef839008640675cf6bb62d7400698a0521e1f7d5d1121f12838992b9b4",
    3: "52e27631a6a91a8896d4c0b6b91937e7c040bf8e652921a5b8cd7815813fc739",
    4: "d24f3f1f6ee2aac81cef67d19735c7e2fc1fb6c47bdd94aa7d9b89b6e7762021",
    5: "a57a45deed886671d8a3478cdc3763c406a2885a94d59c552891d8dd339f708d",
    6: "42c3ec130a99bf2f62c8bf7293ea6ae6d7658d02d0b6e8fcf1906967ca0f91ad",
}
"""Version of the projections → digest of the rows that they make of one history; earlier lines stay."""


def test_projections_that_put_something_else_have_another_version(tmp_path: Path) -> None:
    generations = FileGenerations(tmp_path)
    built = build(generations, a_source(a_log(*EXAMPLES)), Told())
    with closing(generations.open(built.number)) as models:
        rows = json.dumps(contents(models), sort_keys=True)
    digest = sha256(rows.encode()).hexdigest()
    assert digest == DIGESTS[PROJECTION_VERSION], "raise PROJECTION_VERSION, then note the digest here"
