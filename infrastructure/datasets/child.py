"""The inspecting process: `python -m infrastructure.datasets.child`, started by `IsolatedDatasetFiles`."""

from domain.datasets.errors import UnreadableDataset
from infrastructure.datasets.protocol import Answer, Inspected, Order, OutOfMemory, Refused
from infrastructure.system.limits import limit_memory
from infrastructure.system.ordered_child import Tell, carry_out
from infrastructure.system.unseen import unseen


def main() -> None:
    """Look into one file and exit; the answer is written before."""
    with unseen("pandas"):  # which Arrow imports wherever it is installed
        carry_out(Order, _answer)


def _answer(order: Order, _: Tell) -> Answer:
    limit_memory(order.memory_max_bytes)
    # imported under the limit: Arrow's allocator, when it may, sets a GiB aside at once, which counts
    from infrastructure.datasets.files import LocalDatasetFiles  # noqa: PLC0415 - see above

    try:
        return Inspected(contents=LocalDatasetFiles(None).inspect(order.path, order.format))
    except UnreadableDataset as refused:
        return Refused(problems=refused.problems)
    except MemoryError:
        return OutOfMemory()


if __name__ == "__main__":
    main()
