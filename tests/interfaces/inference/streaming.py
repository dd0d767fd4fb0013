"""Bodies of rows, given to what reads and answers them in pieces of any size."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pyarrow as pa

from application.inference.loaded import Loaded
from application.inference.routes import Served
from domain.inference.values import Feature, FeatureType
from infrastructure.learning.artifact import keep
from infrastructure.learning.loading import ArtifactPredictorLoader
from infrastructure.learning.training import train
from interfaces.inference.row_streams import RowStream
from tests.support.data import OF_EVERY_TYPE
from tests.support.fakes.artifacts import InMemoryArtifacts

MATCHING_TYPES = {
    FeatureType.NUMERIC: pa.float64(),
    FeatureType.BOOLEAN: pa.bool_(),
    FeatureType.CATEGORICAL: pa.string(),
    FeatureType.TEXT: pa.string(),
    FeatureType.DATETIME: pa.string(),
}


@cache
def a_served_example(name: str) -> Served:
    """Return a version that was learned from an example."""
    table, artifacts = OF_EVERY_TYPE[name](), InMemoryArtifacts()
    training = train(table.quick_plan(), table.table(), num_threads=1, on_iteration=lambda _: None)
    url = keep(artifacts, training.manifest, training.parts)
    return Served(
        model_id="m", version="1.0.0", loaded=Loaded(url, ArtifactPredictorLoader(artifacts=artifacts).load(url))
    )


def answered(rows: RowStream, body: bytes, *, piece_bytes: int = 1_000) -> bytes:
    """Return the whole answer to a body that comes in pieces."""
    return b"".join(answers(rows, body, piece_bytes=piece_bytes))


def answers(rows: RowStream, body: bytes, *, piece_bytes: int = 1_000) -> Iterator[bytes]:
    """Yield the pieces of the answer as soon as they can be had."""
    for start in range(0, len(body), piece_bytes):
        rows.add(body[start : start + piece_bytes])
        while (block := rows.next_block()) is not None:
            yield from _answers(rows, block)
    if block := rows.rest():
        yield from _answers(rows, block)
    yield rows.end()


def _answers(rows: RowStream, block: bytearray) -> Iterator[bytes]:
    is_last = False
    for piece in rows.answer(block):
        if piece is not None:
            assert not is_last, "there is a piece behind the last"
            is_last = piece.is_last
            yield piece.body
    assert is_last


def arrow_schema(features: Sequence[Feature]) -> pa.Schema:
    """Return columns that features can be sent in."""
    return pa.schema([(feature.name, MATCHING_TYPES[feature.type]) for feature in features])


def arrow_stream(*batches: pa.RecordBatch, **options: Any) -> bytes:
    """Return a stream of record batches of one schema."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batches[0].schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for batch in batches:
            writer.write_batch(batch)
    written: bytes = sink.getvalue().to_pybytes()
    return written
