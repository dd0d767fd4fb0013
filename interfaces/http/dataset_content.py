"""The bytes of a dataset, as they were uploaded, or as a batch prediction made them."""

from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from application.datasets.queries import get_dataset
from application.service import Service
from interfaces.http.openapi_descriptions import Description
from interfaces.http.operations import BASE, Operation
from interfaces.http.reads import Found, Reads, reader_has
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
                    headers=("X-Min-Event-Position", "If-None-Match"),
                    answers=_BYTES[media_type],
                    media_type=media_type,
                    otherwise={other: _BYTES[other] for other in others},
                    answer_headers=("X-Event-Position", "ETag", "Accept-Ranges", "Last-Modified"),
                    also={304: None},
                    problems=(404, 503),
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
        headers = {"etag": f'"{dataset["sha256"]}"', "x-event-position": str(position)}
        if reader_has(request, dataset["sha256"]):
            return Response(status_code=304, headers=headers)
        path = await self._reads.in_thread(lambda: self._service.artifacts.path(dataset["sha256"]))
        headers["content-type"] = _MEDIA_TYPES[
            dataset["format"]
        ]  # itself, without a charset that nobody has checked
        return FileResponse(path, headers=headers)
