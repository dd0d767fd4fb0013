"""What differs between two moments of a model, or two of its versions, over HTTP."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from application.audit.diff import (
    ModelDiff,
    diff_of_moments,
    diff_of_versions,
    events_between,
    version_to_compare,
)
from application.models.queries import get_model
from application.ports.read_models import Collection
from application.service import Service
from domain.errors import InvalidInput
from domain.models.values import PRODUCTION_ALIAS
from domain.naming import has_uuid_shape
from interfaces.http.moments import AS_OF, Moment, is_position, parse_moment
from interfaces.http.openapi_descriptions import Description
from interfaces.http.operations import BASE, Operation
from interfaces.http.parameters import text
from interfaces.http.reads import Found, Reads

_FROM, _TO = "from", "to"


class DiffEndpoint:
    """What can be asked of how a model, or its versions, differ.

    Args:
        service: What questions work with.
        reads: Answers them.
    """

    def __init__(self, *, service: Service, reads: Reads) -> None:
        self._ledger = service.ledger
        self._read_models = service.read_models
        self._reads = reads

    def operations(self) -> list[Operation]:
        """Return what is served, with its path."""
        return [
            Operation(
                method="GET",
                path=f"{BASE}/models/{{model}}/diff",
                endpoint=self.diff,
                description=Description.of_question("diff_model", answers=ModelDiff),
                parameters=(_FROM, _TO, AS_OF),
            )
        ]

    async def diff(self, request: Request) -> Response:
        """Answer what differs between two moments of a model, or two of its versions."""
        given_from, given_to = text(request, _FROM), request.query_params.get(_TO)
        if given_from is None:
            message = "is missing: name a moment (a position or an instant) or a version."
            raise InvalidInput.of(_FROM, message)
        if given_to == "":
            message = "is empty: name a moment (a position or an instant) or a version, or leave it out."
            raise InvalidInput.of(_TO, message, given_to)
        begin = _side(given_from, field=_FROM)
        end = None if given_to is None else _side(given_to, field=_TO)
        if end is not None and isinstance(begin, str) != isinstance(end, str):
            message = "must be of the same kind as `from`: both moments (positions or instants), or both versions."
            raise InvalidInput.of(_TO, message, given_to)
        if isinstance(begin, str):
            other = end if isinstance(end, str) else PRODUCTION_ALIAS
            return await self._of_versions(request, begin, other)
        return await self._of_moments(request, begin, None if isinstance(end, str) else end)

    async def _of_moments(self, request: Request, begin: Moment, end: Moment | None) -> Response:
        after = await self._reads.position_of(begin, field=_FROM)
        given_upto = None if end is None else await self._reads.position_of(end, field=_TO)

        def ask(at: int | None) -> Found:
            latest = self._read_models.position() if at is None else at
            upto = latest if given_upto is None else given_upto
            if at is not None and upto > at:
                raise InvalidInput.of(_TO, f"lies after `as_of`, which is position {at}.", upto)
            if after > upto:
                raise InvalidInput.of(_FROM, f"lies after `to`: position {after} after {upto}.", after)
            later = get_model(request.path_params["model"], read_models=self._read_models, at=upto)
            earlier = self._read_models.get(Collection.MODELS, UUID(later["id"]), at=after)
            events = events_between(later, ledger=self._ledger, after=after, upto=upto)
            found = diff_of_moments(earlier, later, after=after, upto=upto, events=events)
            return Found(document=found.model_dump(mode="json"), position=upto)

        return await self._reads.answer_as_of(request, ask)

    async def _of_versions(self, request: Request, begin: str, end: str) -> Response:
        def ask(at: int | None) -> Found:
            model = get_model(request.path_params["model"], read_models=self._read_models, at=at)
            position = self._read_models.position() if at is None else at
            earlier, later = (
                version_to_compare(model, each, field=field, read_models=self._read_models, at=position)
                for each, field in ((begin, _FROM), (end, _TO))
            )
            found = diff_of_versions(model, earlier, later, at=position)
            return Found(document=found.model_dump(mode="json"), position=position)

        return await self._reads.answer_as_of(request, ask)


def _side(given: str, *, field: str) -> Moment | str:
    """Return the moment that a side of the comparison names, or the version as it stands.

    No name of a version has a colon, so what has one is meant as an instant.

    Raises:
        InvalidInput: It is meant as a moment, and is none.
    """
    if is_position(given) or (":" in given and not has_uuid_shape(given)):
        return parse_moment(given, field=field)
    return given
