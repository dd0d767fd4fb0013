"""Working on a job in a process of its own; the other side is `job_child`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import Empty
from types import MappingProxyType
from typing import Generic

from pydantic import TypeAdapter, ValidationError

from application.ports.work import WorkFailed, WorkStopped
from domain.jobs.job import Kind
from infrastructure.jobs.deaths import died, out_of_time
from infrastructure.jobs.protocol import Failed, Finished, JobOrder, Progress, Progressed, Result
from infrastructure.system.ordered_process import OrderedProcess

_POLL_S = 0.05
_LIMITED: Mapping[str, str] = MappingProxyType({"ARROW_DEFAULT_MEMORY_POOL": "system"})
"""Arrow's own allocator may set a GiB aside that is never used, and would count."""


@dataclass(frozen=True, kw_only=True)
class Program(Generic[Progress, Result]):
    """What the processes of one kind of jobs run.

    Attributes:
        module: Hands itself to `job_child.carry_out_job`.
        messages: What it answers.
        environment: Variables that it has beside this process's own.
    """

    kind: Kind
    module: str
    messages: TypeAdapter[Progressed[Progress] | Finished[Result] | Failed]
    environment: Mapping[str, str]

    def result_of(
        self, order: JobOrder, *, on_progress: Callable[[Progress], None], should_stop: Callable[[], bool]
    ) -> Result:
        """Start a new interpreter for the order, and return what came of it.

        The thread that calls this must live until it returns, because the kernel ends the process with that
        thread. `should_stop` is asked at least every 100 ms; when it says True the process is killed. An
        exception from a callback does the same and goes on to the caller.

        Raises:
            WorkFailed: As the process says, or it died (`….process-died`; `….out-of-memory` where it did so of the
                limit that the order sets), or it took longer than the order allows (`….out-of-time`).
            WorkStopped: `should_stop` said True.
        """
        environment = self.environment if order.memory_max_bytes is None else {**self.environment, **_LIMITED}
        with OrderedProcess(module=self.module, order=order, environment=environment) as process:
            heard_at_s = 0.0
            while True:
                if should_stop():
                    raise WorkStopped
                if order.time_max_s is not None and (age_s := order.age_s()) > order.time_max_s:
                    raise out_of_time(age_s - heard_at_s, kind=self.kind, time_max_s=order.time_max_s)
                try:
                    line = process.next_line(timeout_s=_POLL_S)
                except Empty:
                    continue
                heard_at_s = order.age_s()
                if line is None:
                    raise died(process.death(), kind=self.kind, memory_max_bytes=order.memory_max_bytes)
                match self._parse(line):
                    case Progressed(progress=progress):
                        on_progress(progress)
                    case Failed(code=code, message=message):
                        raise WorkFailed(message, code=code)
                    case Finished(result=result):
                        return result

    def _parse(self, line: bytes) -> Progressed[Progress] | Finished[Result] | Failed:
        try:
            return self.messages.validate_json(line)
        except ValidationError as error:
            message = f"The process of the {self.kind.noun} wrote what cannot be read: {line[:200]!r}."
            raise WorkFailed(message, code=f"{self.kind.code}.process-died") from error
