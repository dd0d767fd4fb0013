"""Multipart forms (Source: RFC 7578), taken apart as they come, without keeping the file's bytes."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from domain.errors import FieldProblem, InvalidInput, suggestion
from interfaces.http.problems import MalformedForm

TEXT_MAX_BYTES = 64 * 1024
_EXTENDED_FILENAME = re.compile(r";\s*filename\*\s*=\s*UTF-8'[^';]*'([^';\s]*)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class FilePart:
    """What a form says of its file.

    Attributes:
        filename: Empty where the form does not say it.
        media_type: In lower case; empty where the form does not say it.
    """

    filename: str
    media_type: str


class Form:
    """A form of certain text fields and one file, so far as it has come.

    Args:
        content_type: The request's, with the boundary.
        texts: The names of the text fields it may have.
        file: The name of its file.

    Attributes:
        fields: The text fields that are complete.
        file: The file part, once it has begun.

    Raises:
        MalformedForm: The content type has no boundary.
    """

    def __init__(self, *, content_type: str, texts: Collection[str], file: str) -> None:
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if not boundary:
            raise MalformedForm("The Content-Type of a form must say its boundary.")
        self.fields: dict[str, str] = {}
        self.file: FilePart | None = None
        self._texts = texts
        self._file_name = file
        self._header = (bytearray(), bytearray())
        self._headers: dict[bytes, str] = {}
        self._name = ""
        self._text = bytearray()
        self._content: list[bytes] = []
        self._is_complete = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_data,
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
            )
        except FormParserError as error:
            raise MalformedForm(f"The form cannot be read: {error}.") from None

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes of the body, and return those of the file among them.

        Raises:
            MalformedForm: This is no form.
            InvalidInput: A field is unknown, given twice, or no text.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise MalformedForm(f"The form cannot be read: {error}.") from None
        content, self._content = b"".join(self._content), []
        return content

    def finish(self) -> None:
        """Tell that the body has ended.

        Raises:
            MalformedForm: The form has not.
        """
        if not self._is_complete:
            raise MalformedForm("The form ends before its last boundary.")

    def _begin(self) -> None:
        self._headers = {}
        self._text = bytearray()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def _on_header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = value.decode("latin-1")
        self._header = (bytearray(), bytearray())

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._name = _decoded(options.get(b"name", b""), field="body")
        known = (*self._texts, self._file_name)
        if self._name not in known:
            message = f"is no field of this form.{suggestion(self._name, known)}"
            raise InvalidInput.of(self._name or "body", message)
        if self._name in self.fields or (self._is_in_file() and self.file is not None):
            raise InvalidInput.of(self._name, "is given twice.")
        if self._is_in_file():
            self.file = FilePart(
                filename=self._filename(options),
                media_type=_media_type(self._headers),
            )

    def _filename(self, options: Mapping[bytes, bytes]) -> str:
        given = options.get(b"filename")
        if given is None:
            # RFC 7578 would have nobody send the extended form, yet some libraries do for names beyond ASCII
            extended = _EXTENDED_FILENAME.search(self._headers.get(b"content-disposition", ""))
            given = b"" if extended is None else unquote_to_bytes(extended[1])
        return _decoded(given, field=self._file_name)

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_in_file():
            self._content.append(data[start:end])
            return
        self._text += data[start:end]
        if len(self._text) > TEXT_MAX_BYTES:
            raise InvalidInput.of(self._name, f"must have at most {TEXT_MAX_BYTES} bytes.")

    def _on_part_end(self) -> None:
        if not self._is_in_file():
            self.fields[self._name] = _decoded(bytes(self._text), field=self._name)

    def _on_end(self) -> None:
        self._is_complete = True

    def _is_in_file(self) -> bool:
        return self._name == self._file_name


def _media_type(headers: Mapping[bytes, str]) -> str:
    return headers.get(b"content-type", "").partition(";")[0].strip().lower()


def _decoded(text: bytes, *, field: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise InvalidInput([FieldProblem(field=field, message="must be text in UTF-8.")]) from None
