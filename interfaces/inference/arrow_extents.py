"""How much columns of Arrow become once they are taken apart: a few bytes can say more than memory holds."""

import numpy as np
import pyarrow as pa

from domain.errors import InvalidInput
from interfaces.requests.fields import BODY

TEXT_MAX_BYTES = 64 * 1024 * 1024
"""For the texts of as many views as are read at once."""
CELLS_MAX = 8 * 1024 * 1024
"""For the values in as many lists and structs as are read at once."""

_LENGTHS = 4
_VIEW_BYTES = 16


def require_bounded_texts(column: pa.Array) -> None:
    """Refuse views that mean more text than there may be; all of them may lead to the same.

    Any other column of text has as many bytes as it says.

    Raises:
        InvalidInput: They do.
    """
    if not pa.types.is_string_view(column.type) or len(column) == 0:
        return
    words = np.frombuffer(column.buffers()[1], np.int32, _LENGTHS * len(column), _VIEW_BYTES * column.offset)
    lengths = words[::_LENGTHS].astype(np.int64)
    lengths[column.is_null().to_numpy(zero_copy_only=False)] = 0  # they may say anything
    size_bytes = int(lengths.clip(min=0).sum())
    if size_bytes > TEXT_MAX_BYTES:
        message = (
            f"has views of {size_bytes} bytes of text, may have {TEXT_MAX_BYTES}: write batches of fewer rows."
        )
        raise InvalidInput.of(BODY, message)


def require_bounded_cells(column: pa.Array) -> None:
    """Refuse lists that have more values than there may be; those of nulls take no bytes at all.

    Args:
        column: Found to be valid.

    Raises:
        InvalidInput: They have.
    """
    if (count := _cells(column)) > CELLS_MAX:
        message = f"has {count} values in lists, may have {CELLS_MAX} at once: write batches of fewer rows."
        raise InvalidInput.of(BODY, message)


def _cells(column: pa.Array) -> int:
    if not pa.types.is_nested(column.type):
        return len(column)
    values = column.flatten()
    return sum(map(_cells, values)) if pa.types.is_struct(column.type) else _cells(values)
