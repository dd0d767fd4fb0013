"""The process that looks at a model from elsewhere: `python -m infrastructure.learning.foreign.child`."""

from infrastructure.learning.foreign.protocol import Accepted, Answer, Order, OutOfMemory, Refused
from infrastructure.system.limits import limit_memory
from infrastructure.system.ordered_child import Tell, carry_out


def main() -> None:
    """Look at one model and exit; the answer is written before."""
    carry_out(Order, _answer)


def _answer(order: Order, _: Tell) -> Answer:
    limit_memory(order.memory_max_bytes)
    # imported under the limit: what libraries take counts
    from infrastructure.learning.foreign.outline import UnreadableModel  # noqa: PLC0415 - see above
    from infrastructure.learning.foreign.reading import read_foreign  # noqa: PLC0415 - see above

    try:
        manifest, trees = read_foreign(order.path, order.model)
        order.result.write_bytes(trees)
    except UnreadableModel as unfit:
        return Refused(why=str(unfit), field=getattr(unfit, "field", None))
    except MemoryError:
        return OutOfMemory()
    return Accepted(manifest=manifest)


if __name__ == "__main__":
    main()
