"""The process that reads files: `python -m infrastructure.datasets.child`, started by `IsolatedDatasetFiles`."""

from domain.errors import InvalidInput
from infrastructure.datasets.protocol import (
    Answer,
    Inspected,
    Inspection,
    Joined,
    Joining,
    NotWritten,
    Order,
    OutOfMemory,
    Refused,
)
from infrastructure.system.limits import limit_memory
from infrastructure.system.ordered_child import Tell, carry_out
from infrastructure.system.unseen import unseen


def main() -> None:
    """Carry out one order and exit; the answer is written before."""
    with unseen("pandas"):  # which Arrow imports wherever it is installed
        carry_out(Order, _answer)


def _answer(order: Order, _: Tell) -> Answer:
    limit_memory(order.memory_max_bytes)
    try:
        return _inspected(order.work) if isinstance(order.work, Inspection) else _joined(order.work)
    except InvalidInput as refused:
        return Refused(problems=refused.problems)
    except MemoryError:
        return OutOfMemory()


# libraries are imported under the limit: Arrow's allocator, when it may, sets a GiB aside at once, which counts


def _inspected(work: Inspection) -> Inspected:
    from infrastructure.datasets.files import LocalDatasetFiles  # noqa: PLC0415 - see above

    return Inspected(contents=LocalDatasetFiles(None).inspect(work.path, work.format))


def _joined(work: Joining) -> Joined | NotWritten:
    from infrastructure.datasets.joining import join_files  # noqa: PLC0415 - see above

    try:
        join_files(work.directory, work.to, size_max_bytes=work.size_max_bytes)
    except OSError as error:
        if error.errno is None:
            raise
        return NotWritten(errno=error.errno)
    return Joined()


if __name__ == "__main__":
    main()
