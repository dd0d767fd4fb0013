"""The parameters and headers that operations may have: each name means the same wherever it stands."""

from typing import Any

from interfaces.http.audit import LIMIT_DEFAULT, LIMIT_MAX
from interfaces.http.content_coding import UNDERSTOOD
from interfaces.http.context import REASON_MAX_CHARS
from interfaces.http.moments import AS_OF
from interfaces.http.paging import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from interfaces.http.preferences import WAIT_MAX_S
from interfaces.http.reads import SETTLED_S
from interfaces.requests.filters import FILTER_MAX_CHARS
from interfaces.requests.problems import BEHIND_WITHIN_S

REQUEST_ID = "X-Request-ID"
RETRY_AFTER = "Retry-After"
ACCEPT = "Accept"
ACCEPT_ENCODING = "Accept-Encoding"
CONTENT_RANGE = "Content-Range"

_TEXT: dict[str, Any] = {"type": "string"}
_POSITION: dict[str, Any] = {"type": "integer", "minimum": 0}
_VISIBLE = r"^[\x21-\x7e]+$"
_TAG: dict[str, Any] = {"type": "string", "examples": ['"3"']}


def parameter_components() -> dict[str, Any]:
    """Return name → parameter, of paths, queries and headers."""
    return {
        **{name: _parameter("path", name, **fields) for name, fields in _PATH.items()},
        **{query_component(name): _parameter("query", name, **fields) for name, fields in _QUERY.items()},
        **{name: _parameter("header", name, **fields) for name, fields in _REQUEST_HEADERS.items()},
    }


def query_component(name: str) -> str:
    """Return under which name the document has a parameter of queries: paths have some of the same names."""
    return f"{name}-in-query" if name in _PATH else name


def header_components() -> dict[str, Any]:
    """Return name → header of responses."""
    return dict(_RESPONSE_HEADERS)


def _parameter(place: str, name: str, *, description: str, **schema: Any) -> dict[str, Any]:
    is_required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, **is_required, "description": description, "schema": schema}


def _header(description: str, *, is_always_there: bool = True, **schema: Any) -> dict[str, Any]:
    return {"description": description, "required": is_always_there, "schema": schema}


_PATH: dict[str, dict[str, Any]] = {
    "model": {"description": "The model's id or its name.", **_TEXT},
    "version": {"description": "The version's number or id, an alias, or `production`.", **_TEXT},
    "alias": {"description": "The name of the pointer.", **_TEXT},
    "dataset": {"description": "The dataset's id or its name.", **_TEXT},
    "job": {"description": "The training job's id.", **_TEXT},
    "batch": {"description": "The batch prediction's id.", **_TEXT},
    "event_type": {"description": "The type of a public event.", **_TEXT},
    "letter": {"description": "The dead letter's id.", "type": "integer", "minimum": 1},
}

_QUERY: dict[str, dict[str, Any]] = {
    "filter": {
        "description": (
            "A condition on any field of the items, also inside `metadata`, `metrics` and `hyperparameters`: "
            "comparisons (`= != < <= > >=`), `LIKE`, `ILIKE`, `IN (…)`, `IS NULL`, joined by `AND`, `OR`, `NOT` "
            "and parentheses; text in single quotes. A list meets a comparison when one of its elements does, by "
            "`!=` too: `metadata.tags = 'eu'` finds what has that tag, `NOT metadata.tags = 'eu'` what has not. "
            "Objects in a list lend it their keys: `metadata.owners.name = 'Ada'`."
        ),
        "type": "string",
        "maxLength": FILTER_MAX_CHARS,
        "examples": ["name LIKE 'churn%' AND metrics.auc > 0.9 AND status = 'production'"],
    },
    "order_by": {
        "description": "Fields to sort by, the first before the others; without any, the oldest item comes first.",
        "type": "string",
        "maxLength": FILTER_MAX_CHARS,
        "examples": ["metrics.auc desc, name"],
    },
    "page_size": {
        "description": "At most so many items.",
        "type": "integer",
        "minimum": 1,
        "maximum": PAGE_SIZE_MAX,
        "default": PAGE_SIZE_DEFAULT,
    },
    "page_token": {
        "description": (
            "`next_page_token` of the page before. All pages show the list as it was when the first one was read."
        ),
        **_TEXT,
    },
    AS_OF: {
        "description": (
            "The moment as of which to answer: an RFC 3339 instant, or a position of the log, all digits. An "
            "instant means all that had happened by then; one of the last moments is answered when it is "
            f"{SETTLED_S:g} s old, so that it means the same whenever it is asked for. What was not there yet is "
            "not found (404); the future is refused (422)."
        ),
        "anyOf": [{"type": "string", "format": "date-time"}, _POSITION],
        "examples": ["2026-01-31T09:30:00Z", 1042],
    },
    "from": {
        "description": (
            "What to compare: a moment (an RFC 3339 instant with its time and offset, or a position, all digits) "
            "or a version (its number or id, an alias, or `production`). All digits are always a position: `1` "
            "is one, `1.0.0` is a version; name a version with a number like `7` by its id."
        ),
        "type": "string",
        "examples": ["2026-01-31T09:30:00Z", "1.0.0"],
    },
    "to": {
        "description": (
            "What to compare it with, of the same kind; without it, a moment is compared with now (or `as_of`), "
            "a version with the one in production."
        ),
        "type": "string",
        "examples": ["1042", "production"],
    },
    "after": {"description": "Only events behind this position.", "default": 0, **_POSITION},
    "type": {
        "description": "Only events of this type; of one of several, separated by commas.",
        "examples": ["model.version-registered.v1,model.version-status-changed.v1"],
        **_TEXT,
    },
    "aggregate_id": {"description": "Only events of this aggregate.", "type": "string", "format": "uuid"},
    "actor": {"description": "Only events that this actor caused.", **_TEXT},
    "correlation_id": {
        "description": "Only events of this correlation id: all that came of the request that had it as its id.",
        **_TEXT,
    },
    "limit": {
        "description": "At most so many events.",
        "type": "integer",
        "minimum": 1,
        "maximum": LIMIT_MAX,
        "default": LIMIT_DEFAULT,
    },
    "name": {"description": "Of an uploaded dataset; a JSON body has it as a field.", **_TEXT},
    "target": {
        "description": "The column of an uploaded dataset that is to be learned; a JSON body has it as a field.",
        **_TEXT,
    },
    "model_id": {
        "description": (
            "The model's id or its name, required where the body holds rows only (Arrow, NDJSON). A JSON body has "
            "it as a field, and takes no such parameter."
        ),
        **_TEXT,
    },
    "version": {
        "description": "As `model_id`: the number, id or alias of a version; without it, the one in production.",
        **_TEXT,
    },
    "explain": {
        "description": (
            "Which predictions come with the contributions of the features: `true` for all, `false` for none, or "
            "a filter over `prediction` and `probability`, so that only the rows that need it pay."
        ),
        "type": "string",
        "default": "false",
        "examples": ["true", "probability > 0.8", "prediction = 'yes' AND probability < 0.6"],
    },
}

_REQUEST_HEADERS: dict[str, dict[str, Any]] = {
    REQUEST_ID: {
        "description": "The request's id in the answer, in logs and in events; made where there is no such one.",
        "type": "string",
        "maxLength": 128,
        "pattern": _VISIBLE,
    },
    "X-Reason": {
        "description": (
            "Why it is done, kept in the events: UTF-8, percent-encoded or as it is, at most "
            f"{REASON_MAX_CHARS} characters."
        ),
        **_TEXT,
    },
    "Idempotency-Key": {
        "description": (
            "Lets a command be sent again without being carried out again: the same key with the same request is "
            "answered as the first time, with another one it is refused (422). Kept for ever."
        ),
        "type": "string",
        "maxLength": 255,
        "pattern": _VISIBLE,
    },
    "If-Match": {
        "description": "The `ETag` that the command was decided on; when it is no longer the current one: 412.",
        **_TAG,
    },
    "If-None-Match": {"description": "The `ETag` that the reader has; while it is the current one: 304.", **_TAG},
    "Range": {
        "description": (
            "One range of bytes, counted from 0, the last one included: it alone is answered (206). Several at "
            "once, and ranges of anything else, are answered by the whole."
        ),
        "type": "string",
        "examples": ["bytes=0-499", "bytes=500-", "bytes=-500"],
    },
    "If-Range": {
        "description": "The `ETag` of what the reader has a part of; what has another is answered as a whole.",
        **_TAG,
    },
    "X-Min-Event-Position": {
        "description": (
            "The position that the answer must have reached, as the `X-Event-Position` of a command; waited for "
            f"{BEHIND_WITHIN_S:g} seconds, then 503."
        ),
        **_POSITION,
    },
    "Last-Event-ID": {
        "description": "The id of the last event that the reader saw, a position: what follows it is told.",
        **_POSITION,
    },
    "Inference-Header-Content-Length": {
        "description": (
            "How many bytes of the body are JSON; the tensors whose inputs have a `binary_data_size` follow it, "
            "little-endian and in row-major order. Absent: all of it is JSON."
        ),
        "type": "integer",
        "minimum": 1,
    },
    "Content-Encoding": {"description": "The coding of the body.", "enum": list(UNDERSTOOD)},
    ACCEPT_ENCODING: {
        "description": "The codings in which an answer of some length may come.",
        **_TEXT,
    },
    "Prefer": {
        "description": (
            f"`wait=20`: answer within so many seconds, at most {WAIT_MAX_S}. A job is answered as it is by then, "
            "a prediction that takes longer is given up."
        ),
        "type": "string",
        "examples": ["wait=20"],
    },
}

_RESPONSE_HEADERS: dict[str, Any] = {
    REQUEST_ID: _header("The request's id.", **_TEXT),
    "X-Event-Position": _header(
        "Of a command: the position from which on it is seen. Of a question: the position that the answer is at.",
        **_POSITION,
    ),
    "ETag": _header("What `If-Match` and `If-None-Match` compare with.", **_TAG),
    "Location": _header("The path of what was made.", type="string", format="uri-reference"),
    RETRY_AFTER: _header("Ask again after so many seconds.", **_POSITION),
    ACCEPT: _header(
        "The types of bodies that are understood here, where the type is not.", is_always_there=False, **_TEXT
    ),
    ACCEPT_ENCODING: _header(
        "The codings of bodies that are understood here, where the coding is not.", is_always_there=False, **_TEXT
    ),
    "Idempotent-Replayed": _header(
        "Stands where the answer is the one of the first time.", is_always_there=False, const="true"
    ),
    "X-Model-ID": _header(
        "The model that answered rows, from first to last.",
        is_always_there=False,
        type="string",
        format="uuid",
    ),
    "X-Model-Version": _header(
        "The number of the version that answered rows, from first to last.", is_always_there=False, **_TEXT
    ),
    "Accept-Ranges": _header("What a `Range` may be given in.", is_always_there=False, const="bytes"),
    "Content-Disposition": _header(
        "The name of a file to keep it in, safe on any system.", is_always_there=False, **_TEXT
    ),
    CONTENT_RANGE: _header(
        "Where a part belongs, or how much there is in all, where nothing is in the range.",
        is_always_there=False,
        **_TEXT,
    ),
    "Last-Modified": _header("When the bytes were written here.", is_always_there=False, **_TEXT),
    "Inference-Header-Content-Length": _header(
        "How many bytes are JSON, where tensors follow it in binary form (`application/octet-stream`).",
        is_always_there=False,
        **_POSITION,
    ),
    "Content-Encoding": _header(
        "The coding of the body, where it has one.", is_always_there=False, enum=list(UNDERSTOOD)
    ),
    "Vary": _header(
        "Names the header of the request for whose other values the answer would be another.",
        is_always_there=False,
        enum=["accept", "accept-encoding"],
    ),
    "Preference-Applied": _header("What was granted of `Prefer`.", is_always_there=False, **_TEXT),
}
