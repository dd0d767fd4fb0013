"""The path of tensors: from a body to the body that answers it, through the one way that predictions take."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import NamedTuple
from weakref import WeakKeyDictionary

from application.inference.lookup import Request
from application.inference.routes import Served
from application.inference.serving import Serving
from application.ports.clock import Clock
from application.ports.predictor import Predictor, Rows
from domain.errors import InvalidInput
from interfaces.http.open_inference.conforming import TensorSchema
from interfaces.http.open_inference.one_row import RowForm, has_usual_form
from interfaces.http.open_inference.outputs import EXPLANATION
from interfaces.http.open_inference.requests import RequestedOutput, TensorRequest, parse_request
from interfaces.http.open_inference.responses import Encoded, encode, wanted_outputs
from interfaces.http.open_inference.statistics import INFER, INPUT, OUTPUT, QUEUE, Statistics, Stopwatch
from interfaces.inference.asked import EXPLAINED_MAX
from interfaces.inference.inference import INLINE_BODY_MAX_BYTES, Inference
from interfaces.inference.predicting import Answered, answered, joined_in_steps
from interfaces.inference.quickly import is_quick
from interfaces.inference.turns import UntilLeft
from interfaces.inference.work import Work


class TensorBody(NamedTuple):
    """A request for predictions as it came.

    Attributes:
        request: The model and version that the path names.
        body: Without any coding.
        header_length: How many bytes of it are JSON; None for all.
        request_id: By which it is known where its sender gives it no name.
        position: That the sender wants to see; None for none.
    """

    request: Request
    body: bytes
    header_length: int | None
    request_id: str
    position: int | None


class _Forms(NamedTuple):
    """What reads the rows of one version: all of them, and a single one of the usual form where there is such."""

    of_rows: TensorSchema
    of_row: RowForm | None


class TensorInference:
    """Answers tensors with tensors. What is short is answered where it arrives, as with JSON instances.

    Args:
        inference: The way that all predictions take.
        serving: What the requests' names lead to.
        statistics: Where requests are counted version by version.
        clock: Tells when they were.

    Attributes:
        work: What was predicted.
    """

    def __init__(self, *, inference: Inference, serving: Serving, statistics: Statistics, clock: Clock) -> None:
        self._inference = inference
        self._serving = serving
        self._statistics = statistics
        self._clock = clock
        self._forms: WeakKeyDictionary[Predictor, _Forms] = WeakKeyDictionary()
        self.work = Work()

    async def answer(self, given: TensorBody, *, until_left: UntilLeft | None) -> Encoded:
        """Return the body that answers.

        Args:
            given: The request.
            until_left: Tells when the sender goes away; None where nobody can tell.

        Raises:
            RequestProblem: The body cannot be read, there is no answer in the time, or the service has too much to
                do, or ends.
            DomainError: What is asked for is not there, or cannot be had.
            SenderLeft: The sender went away.
        """
        began = perf_counter()
        try:
            encoded, count = await self._answered(given, until_left)
        except BaseException:
            self.work.refused += 1
            raise
        self.work.instances += count
        self.work.durations.add(perf_counter() - began)
        return encoded

    async def _answered(self, given: TensorBody, until_left: UntilLeft | None) -> tuple[Encoded, int]:
        watch = Stopwatch()
        if (row := self._row_answered_at_once(given, watch)) is not None:
            return row, 1
        parse = partial(parse_request, given.body, header_length=given.header_length)
        is_short = (given.header_length or len(given.body)) <= INLINE_BODY_MAX_BYTES
        asked = parse() if is_short else await self._inference.aside(parse)
        watch.ended(INPUT)
        if (
            len(given.body) <= INLINE_BODY_MAX_BYTES
            and given.position is None
            and (served := self._serving.ready(given.request)) is not None
        ):
            with self._counted(served, watch):
                found = self._answered_at_once(given, asked, served, watch)
            if found is not None:
                return found
        async with self._inference.in_time(asked.within_s):
            served = await self._inference.served(given.request, position=given.position)
            watch.ended(QUEUE)
            with self._counted(served, watch):
                return await self._answered_aside(given, asked, served, watch, until_left)

    def _row_answered_at_once(self, given: TensorBody, watch: Stopwatch) -> Encoded | None:
        """Return the answer to one row in JSON of the usual form; None to all else, and where it takes long."""
        if given.header_length is not None or given.position is not None:
            return None
        served = self._serving.ready(given.request)
        if served is None or not is_quick(served.loaded.predictor, 1):
            return None
        form = self._forms_of(served).of_row
        asked = None if form is None else form.read(given.body)
        if form is None or asked is None:
            return None
        watch.ended(INPUT)
        try:
            prediction, _, scores = served.loaded.predictor.predict_row(asked.row)
        except Exception:
            self._statistics.of(served.model_id, served.version).failed(watch)
            raise
        watch.ended(INFER)
        body = form.written(
            prediction,
            scores,
            asked.outputs,
            served=served,
            model=given.request[0],
            request_id=given.request_id if asked.id is None else asked.id,
        )
        self._count(served, watch, instances=1)
        return Encoded(body)

    def _answered_at_once(
        self, given: TensorBody, asked: TensorRequest, served: Served, watch: Stopwatch
    ) -> tuple[Encoded, int] | None:
        """Return the answer, and for how many rows; None where it takes long."""
        predictor = served.loaded.predictor
        outputs = wanted_outputs(asked, predictor)
        if _wants_explanation(outputs):
            return None
        rows = self._forms_of(served).of_rows.rows(asked.inputs)
        if not is_quick(predictor, len(rows)):
            return None
        watch.ended(INPUT)
        found = answered(predictor, rows, explain=False)
        watch.ended(INFER)
        encoded = _encoded(found, outputs, given, asked, served)
        self._count(served, watch, instances=len(rows))
        return encoded, len(rows)

    async def _answered_aside(
        self,
        given: TensorBody,
        asked: TensorRequest,
        served: Served,
        watch: Stopwatch,
        until_left: UntilLeft | None,
    ) -> tuple[Encoded, int]:
        outputs = wanted_outputs(asked, served.loaded.predictor)
        explain = _wants_explanation(outputs)
        rows_of = partial(self._forms_of(served).of_rows.rows, asked.inputs)
        write = partial(_encoded, outputs=outputs, given=given, asked=asked, served=served)
        steps = _answer_in_steps(served, rows_of, write, explain=explain, watch=watch)
        encoded, count = await self._inference.in_turns(steps, explain, until_left)
        self._count(served, watch, instances=count)
        return encoded, count

    def _forms_of(self, served: Served) -> "_Forms":
        predictor = served.loaded.predictor
        found = self._forms.get(predictor)
        if found is None:
            schema = predictor.schema
            of_row = RowForm(schema, predictor.labels) if has_usual_form(predictor) else None
            found = self._forms[predictor] = _Forms(TensorSchema(schema), of_row)
        return found

    def _count(self, served: Served, watch: Stopwatch, *, instances: int) -> None:
        watch.ended(OUTPUT)
        at_ms = int(self._clock.now().timestamp() * 1_000)
        self._statistics.of(served.model_id, served.version).succeeded(watch, instances=instances, at_ms=at_ms)

    @contextmanager
    def _counted(self, served: Served, watch: Stopwatch) -> Iterator[None]:
        """Count the request as one that failed, if it does."""
        try:
            yield
        except BaseException:
            self._statistics.of(served.model_id, served.version).failed(watch)
            raise


def _wants_explanation(outputs: Sequence[RequestedOutput]) -> bool:
    return any(each.name == EXPLANATION for each in outputs)


def _answer_in_steps(
    served: Served,
    rows_of: Callable[[], Rows],
    encode: Callable[[Answered], Encoded],
    *,
    explain: bool,
    watch: Stopwatch,
) -> Iterator[tuple[Encoded, int] | None]:
    """Yield None after each step, and at the end the answer, and for how many rows.

    Args:
        served: What answers.
        rows_of: Returns the rows.
        encode: Makes the answer of what is said of them.
        explain: Whether it comes with explanations.
        watch: Of the request.

    Raises:
        InvalidInput: There are more rows than are explained in one request; or what `rows_of` raises.
    """
    rows = rows_of()
    if explain and len(rows) > EXPLAINED_MAX:
        message = f"have {len(rows)} rows, may have {EXPLAINED_MAX} if explained: send several requests."
        raise InvalidInput.of("inputs", message)
    watch.ended(INPUT)
    yield None
    for found in joined_in_steps(served.loaded.predictor, rows, explain=explain):
        if found is None:
            yield None
        else:
            watch.ended(INFER)
            yield encode(found), len(rows)


def _encoded(
    found: Answered, outputs: Sequence[RequestedOutput], given: TensorBody, asked: TensorRequest, served: Served
) -> Encoded:
    model, _ = given.request
    request_id = given.request_id if asked.id is None else asked.id
    return encode(found, outputs, served=served, model=model, request_id=request_id)
