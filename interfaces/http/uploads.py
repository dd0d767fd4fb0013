"""An uploaded dataset, from the request's stream to a file, whichever way it is sent."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from starlette.requests import Request

from application.datasets.commands import RegisterDataset
from domain.datasets.values import DatasetFormat
from domain.errors import InvalidInput
from interfaces.http.bodies import media_type, require_length
from interfaces.http.forms import FilePart, Form
from interfaces.http.incoming import Incoming
from interfaces.http.parameters import text

MULTIPART = "multipart/form-data"
FORMATS = {
    "text/csv": DatasetFormat.CSV,
    "application/vnd.apache.parquet": DatasetFormat.PARQUET,
}
"""Media type of a body → format."""
_SUFFIXES = {".csv": DatasetFormat.CSV, ".parquet": DatasetFormat.PARQUET, ".pq": DatasetFormat.PARQUET}
_TEXT_FIELDS = ("name", "target")
_FILE_FIELD = "file"

BODIES: Mapping[str, Mapping[str, Any]] = {
    **{media_type: {"contentMediaType": media_type} for media_type in FORMATS},
    MULTIPART: {
        "type": "object",
        "properties": {
            _FILE_FIELD: {
                "description": f"Its name ends in {' or '.join(_SUFFIXES)}, or its Content-Type says its format.",
                "contentMediaType": "application/octet-stream",
            },
            **{name: {"type": "string"} for name in _TEXT_FIELDS},
        },
        "required": [_FILE_FIELD],
        "additionalProperties": False,
    },
}
"""Media type of a body → its JSON schema; the fields of a form may stand in the query instead."""
_FORM_OVERHEAD_MAX_BYTES = 1024 * 1024

NameCheck = Callable[[str], Awaitable[None]]
"""Refuses a name that cannot be had, before its dataset is read."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """What was sent, complete.

    Attributes:
        sha256: Of the file's bytes.
    """

    command: RegisterDataset
    format: DatasetFormat
    sha256: bytes

    def identifying(self) -> tuple[bytes, ...]:
        """Return what tells this upload from others: not the form's boundary, new with each attempt."""
        name, target = self.command.name.encode(), (self.command.target or "").encode()
        return name, target, self.format.encode(), self.sha256


async def received_upload(request: Request, into: Incoming, *, check_name: NameCheck, max_bytes: int) -> Upload:
    """Read an upload, as the body itself or as a file of a form.

    Raises:
        InvalidInput: The name is missing, or a field of the form is off.
        MalformedForm: The form cannot be read.
        TooLarge: There are more bytes than are taken.
        StorageUnavailable: They cannot be kept.
        ClientDisconnect: The sender went away.
    """
    if media_type(request) == MULTIPART:
        require_length(request, max_bytes=max_bytes + _FORM_OVERHEAD_MAX_BYTES)
        return await _of_form(request, into, check_name=check_name)
    require_length(request, max_bytes=max_bytes)
    return await _of_body(request, into, check_name=check_name)


async def _of_body(request: Request, into: Incoming, *, check_name: NameCheck) -> Upload:
    name = text(request, "name")
    if name is None:
        raise InvalidInput.of("name", "is missing: give it in the query, as in ?name=customers.")
    await check_name(name)
    async for chunk in request.stream():
        await into.write(chunk)
    command = RegisterDataset(name=name, target=text(request, "target"))
    return Upload(command=command, format=FORMATS[media_type(request) or ""], sha256=await into.complete())


async def _of_form(request: Request, into: Incoming, *, check_name: NameCheck) -> Upload:
    form = Form(content_type=request.headers["content-type"], texts=_TEXT_FIELDS, file=_FILE_FIELD)
    file_format: DatasetFormat | None = None
    async for chunk in request.stream():
        content = form.feed(chunk)
        if form.file is not None and file_format is None:
            file_format = _format(form.file)
            if (early := _field(request, form, "name")) is not None:
                await check_name(early)
        if content:
            await into.write(content)
    form.finish()
    name = _field(request, form, "name")
    missing = "file" if file_format is None else "name"
    if name is None or file_format is None:
        raise InvalidInput.of(missing, "is missing: a form has the fields file, name and, if you like, target.")
    command = RegisterDataset(name=name, target=_field(request, form, "target"))
    return Upload(command=command, format=file_format, sha256=await into.complete())


def _field(request: Request, form: Form, name: str) -> str | None:
    in_query, in_form = text(request, name), form.fields.get(name) or None
    if in_query is not None and in_form not in {None, in_query}:
        raise InvalidInput.of(name, f"is {in_query!r} in the query and {in_form!r} in the form: give it once.")
    return in_form or in_query


def _format(file: FilePart) -> DatasetFormat:
    # the name first: browsers send CSV under types that other programs have registered for it
    by_name = _SUFFIXES.get(PurePath(file.filename).suffix.lower())
    found = by_name or FORMATS.get(file.media_type)
    if found is None:
        suffixes, types = " or ".join(_SUFFIXES), " or ".join(FORMATS)
        message = f"is of no known format: its name must end in {suffixes}, or its Content-Type be {types}."
        raise InvalidInput.of("file", message, file.filename)
    return found
