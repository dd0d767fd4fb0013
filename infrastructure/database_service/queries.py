"""Answers questions about rows, one message for a question and one for its answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from nats.micro.request import Request, ServiceError
from nats.micro.service import Service
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from application.ports.filters import Condition, Order
from application.ports.metadata_store import MIRRORED, Find, Get, QueryKind, query_subject
from application.ports.read_models import Collection, ReadTooLong
from domain.errors import InvalidInput
from infrastructure.database_service.damage import canonical
from infrastructure.database_service.store import NO_ROW, Page, SqlMetadataStore, StoredRow
from infrastructure.read_models.contents import encoded

ParseFilter = Callable[[str], Condition]
ParseOrder = Callable[[str], tuple[Order, ...]]

_INVALID, _FAILED, _UNAVAILABLE, _TOO_LONG = "400", "500", "503", "504"
_WORDS_MAX_CHARS = 1_000

_log = logging.getLogger(__name__)


class Queries:
    """Questions about the rows of a store.

    Args:
        store: Whose.
        parse_filter: Reads a condition, as lists over HTTP have it.
        parse_order: Reads sort keys likewise.
    """

    def __init__(self, store: SqlMetadataStore, *, parse_filter: ParseFilter, parse_order: ParseOrder) -> None:
        self._store = store
        self._parse_filter = parse_filter
        self._parse_order = parse_order

    async def add_to(self, service: Service) -> None:
        """Answer as endpoints of the service: two for each collection."""
        for collection in MIRRORED:
            for kind, answer in ((QueryKind.GET, self._get), (QueryKind.FIND, self._find)):
                await service.add_endpoint(
                    name=f"{collection}-{kind}",
                    subject=query_subject(collection, kind),
                    handler=_handler(collection, answer),
                )

    def _get(self, collection: Collection, payload: bytes) -> bytes:
        asked = Get.model_validate_json(payload).id
        row = self._store.get(collection, asked)
        if row == NO_ROW and (id_ := canonical(asked)) is not None:  # UUIDs can be written in several ways
            row = self._store.get(collection, id_)
        return _row(row)

    def _find(self, collection: Collection, payload: bytes) -> bytes:
        asked = Find.model_validate_json(payload or b"{}")
        page = self._store.find(
            collection,
            where=self._parse_filter(asked.filter) if asked.filter else None,
            order_by=self._parse_order(asked.order_by) if asked.order_by else (),
            limit=asked.limit,
            after=asked.after,
        )
        return _page(page)


def _handler(
    collection: Collection, answer: Callable[[Collection, bytes], bytes]
) -> Callable[[Request], Awaitable[None]]:
    async def handle(request: Request) -> None:
        if not request._msg.reply:  # noqa: SLF001 - the library has no other word for it, and fails on it
            _log.warning("a question on %s is dropped: it names no subject for its answer", request.subject)
            return
        try:
            answered = await asyncio.to_thread(answer, collection, request.data)
        except ValidationError as error:
            first = error.errors()[0]
            raise _error(_INVALID, f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}") from error
        except InvalidInput as error:
            raise _error(_INVALID, error.message) from error
        except ReadTooLong as error:
            raise _error(_TOO_LONG, str(error)) from error
        except SQLAlchemyError as error:
            _log.error("The Database Service's database does not work: %s", error)
            raise _error(_UNAVAILABLE, "the database does not work now") from error
        except Exception as error:
            _log.exception("The Database Service failed on a question to %s.", request.subject)
            raise _error(_FAILED, "an error of the server, which its log tells of") from error
        await request.respond(answered)

    return handle


def _error(code: str, words: str) -> ServiceError:
    """Return the error, its words fit for a header."""
    return ServiceError(code, " ".join(words.split())[:_WORDS_MAX_CHARS])


def _row(row: StoredRow) -> bytes:
    damage = "" if row.damage is None else f',"damage":{encoded(row.damage)}'
    return f'{{"position":{row.position},"document":{row.document or "null"}{damage}}}'.encode()


def _page(page: Page) -> bytes:
    documents = ",".join(row.document for row in page.rows if row.document is not None)
    positions = ",".join(str(row.position) for row in page.rows if row.document is not None)
    next_after = "null" if page.next_after is None else encoded(page.next_after)
    damaged = [
        {"id": row.id, "position": row.position, "damage": row.damage}
        for row in page.rows
        if row.damage is not None
    ]
    return (
        f'{{"position":{page.position},"documents":[{documents}],"next_after":{next_after},'
        f'"positions":[{positions}],"damaged":{encoded(damaged)}}}'
    ).encode()
