"""The form of bodies that hold rows only, as the document tells it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from interfaces.http.inference_wishes import ARROW, NDJSON
from interfaces.inference.arrow_messages import BATCH_MAX_BYTES
from interfaces.inference.ndjson import LINE_MAX_BYTES

_BREAKS_OFF = (
    "It is sent while the request still arrives: read it meanwhile. Whatever is found wrong after its first byte "
    "ends it"
)

ROWS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        ARROW: {
            "contentMediaType": ARROW,
            "description": (
                "An Arrow IPC stream with a column for each feature, in any order; `model_id` and `version` stand "
                "in the query. Numbers of any width, booleans, text or dictionary-encoded text; null and NaN are "
                f"missing values. Record batches have at most {BATCH_MAX_BYTES} bytes and are not compressed, "
                "dictionaries come whole."
            ),
        },
        NDJSON: {
            "contentMediaType": NDJSON,
            "description": (
                "One instance per line, an object as in `features`; `model_id` and `version` stand in the query. "
                f"Blank lines are passed over. A line has at most {LINE_MAX_BYTES} bytes."
            ),
        },
    }
)
"""Media type of a body → its JSON schema."""

ANSWERS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        ARROW: {
            "contentMediaType": ARROW,
            "description": (
                "An Arrow IPC stream with the columns `prediction`, `probability` (null for numbers) and, with "
                "`explain`, `explanation`: a struct with a number for each feature, null where there is none. "
                f"{_BREAKS_OFF} without the mark that ends an Arrow stream, and without the end of the response."
            ),
        },
        NDJSON: {
            "contentMediaType": NDJSON,
            "description": (
                "One `PredictionResult` per instance and line, in order. "
                f'{_BREAKS_OFF} with a line `{{"error": …, "error_code": …, "line": n, "answered": m}}`, behind '
                "the answers to all lines before the wrong one, and without the end of the response."
            ),
        },
    }
)
"""Media type of a body → the JSON schema of its answer."""
