"""The report on a version over HTTP: as JSON, or as a page to read."""

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from application.models.queries import get_model, get_version
from application.ports.artifacts import ArtifactUnavailable, sha256_of
from application.ports.read_models import Document
from application.reports.queries import report_url
from application.reports.views import Report
from application.service import Service
from interfaces.http.accepted_types import preferred_type
from interfaces.http.bodies import JSON
from interfaces.http.openapi_descriptions import Description
from interfaces.http.operations import BASE, Operation
from interfaces.http.reads import Reads, reader_has
from interfaces.http.report_page.page import report_page

HTML = "text/html"
_PATH = f"{BASE}/models/{{model}}/versions/{{version}}/report"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""The page brings all that it is made of, and nothing in it is executed."""


class ReportEndpoint:
    """Answers how good a version is on rows that it has not learned from.

    Args:
        service: Where versions and their reports are.
        reads: Answers questions.
    """

    def __init__(self, *, service: Service, reads: Reads) -> None:
        self._service = service
        self._reads = reads

    def operations(self) -> list[Operation]:
        """Return what is served, with its path."""
        return [
            Operation(
                method="GET",
                path=_PATH,
                endpoint=self.get,
                description=Description(
                    id="get_version_report",
                    headers=("X-Min-Event-Position", "If-None-Match"),
                    answers=Report,
                    otherwise={HTML: {"type": "string"}},
                    answer_headers=("X-Event-Position", "ETag", "Vary"),
                    also={304: None},
                    problems=(404, 503),
                ),
            )
        ]

    async def get(self, request: Request) -> Response:
        """Answer the report on a version, as JSON or as a page (`Accept: text/html`)."""
        await self._reads.reached(request)
        media_type = preferred_type(request.headers.getlist("accept"), (JSON, HTML))
        return await self._reads.in_thread(lambda: self._answered(request, media_type))

    def _answered(self, request: Request, media_type: str) -> Response:
        read_models, artifacts = self._service.read_models, self._service.artifacts
        position = read_models.position()
        model = get_model(request.path_params["model"], read_models=read_models)
        version = get_version(model, request.path_params["version"], read_models=read_models)
        url = report_url(model, version, ledger=self._service.ledger)
        sha256 = sha256_of(url)
        tag = f"{sha256}-{media_type.partition('/')[2]}"
        headers = {"x-event-position": str(position), "etag": f'"{tag}"', "vary": "accept"}
        if reader_has(request, tag):
            return Response(status_code=304, headers=headers)
        report = _read(artifacts.read(sha256), url=url)
        if media_type == JSON:
            return Response(report.model_dump_json(), headers=headers, media_type=JSON)
        page = report_page(report, model=_name(model), version=version["version"])
        return Response(page, headers={**headers, "content-security-policy": _POLICY}, media_type=HTML)


def _read(content: bytes, *, url: str) -> Report:
    try:
        return Report.model_validate_json(content)
    except ValidationError:
        message = f"{url} holds no report that can be read here: perhaps a newer program has made it."
        raise ArtifactUnavailable(message, url=url) from None


def _name(model: Document) -> str:
    name: str = model["name"]
    return name
