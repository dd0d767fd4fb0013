"""The bytes of a dataset, as they were uploaded, or as a batch prediction made them."""

import os
from email.utils import formatdate
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response

from application.datasets.queries import get_dataset
from application.service import Service
from interfaces.http.attachments import attachment
from interfaces.http.byte_ranges import UNIT, asked_range, content_range
from interfaces.http.checked_files import CheckedFiles
from interfaces.http.openapi_descriptions import Description
from interfaces.http.operations import BASE, Operation
from interfaces.http.reads import Found, Reads, reader_has
from interfaces.http.sent_files import SentFile
from interfaces.http.uploads import FORMATS

_PATH = f"{BASE}/datasets/{{dataset}}/content"
_MEDIA_TYPES = MappingProxyType({format_.value: media_type for media_type, format_ in FORMATS.items()})
_BYTES = {media_type: {"contentMediaType": media_type} for media_type in FORMATS}


class DatasetContentEndpoint:
    """Answers with what a dataset consists of.

    Args:
        service: Where datasets and their bytes are.
        reads: Answers questions.
    """

    def __init__(self, *, service: Service, reads: Reads) -> None:
        self._service = service
        self._reads = reads
        self._files = CheckedFiles(artifacts=service.artifacts)

    def operations(self) -> list[Operation]:
        """Return what is served, with its path."""
        media_type, *others = FORMATS
        return [
            Operation(
                method="GET",
                path=_PATH,
                endpoint=self.get,
                description=Description(
                    id="get_dataset_content",
                    headers=("X-Min-Event-Position", "If-None-Match", "Range", "If-Range"),
                    answers=_BYTES[media_type],
                    media_type=media_type,
                    otherwise={other: _BYTES[other] for other in others},
                    answer_headers=(
                        "X-Event-Position",
                        "ETag",
                        "Accept-Ranges",
                        "Content-Disposition",
                        "Content-Range",
                        "Last-Modified",
                    ),
                    also={206: _BYTES[media_type], 304: None},
                    problems=(400, 404, 416, 503),
                ),
            )
        ]

    async def get(self, request: Request) -> Response:
        """Answer the bytes of a dataset; a `Range` of them where one is asked for. The ETag is their sha256."""

        def ask() -> Found:
            return Found(
                document=get_dataset(request.path_params["dataset"], read_models=self._service.read_models)
            )

        await self._reads.reached(request)
        found, position = await self._reads.ask(ask)
        dataset = found.document
        tag, size_bytes = dataset["sha256"], dataset["size_bytes"]
        headers = {"etag": f'"{tag}"', "x-event-position": str(position)}
        if reader_has(request, tag):
            return Response(status_code=304, headers=headers)
        part = asked_range(request, size_bytes=size_bytes, tag=tag)
        file = await self._files.open(tag)
        headers |= {
            "content-type": _MEDIA_TYPES[dataset["format"]],  # itself, without a charset that nobody has checked
            "content-disposition": attachment(dataset["name"], suffix=f".{dataset['format']}"),
            "accept-ranges": UNIT,
            "last-modified": formatdate(os.fstat(file.fileno()).st_mtime, usegmt=True),
        }
        if request.method == "HEAD":
            file.close()
            return Response(headers={**headers, "content-length": str(size_bytes)})
        if part is None:
            return SentFile(file, part=range(size_bytes), status=200, headers=headers)
        headers["content-range"] = content_range(part, size_bytes=size_bytes)
        return SentFile(file, part=part, status=206, headers=headers)
