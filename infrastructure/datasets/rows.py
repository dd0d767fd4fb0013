"""A registered table some rows at a time, with all of its columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.types as pt

from domain.datasets.values import ColumnType, Contents, DatasetFormat
from infrastructure.datasets import cells as csv_cells
from infrastructure.datasets import parquet_files
from infrastructure.datasets.csv_files import read_csv_cells
from infrastructure.datasets.parquet_files import read_parquet_cells


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Some rows of a dataset.

    Attributes:
        contents: Of the dataset.
        cells: All columns as the file has them: text where it is CSV.
    """

    contents: Contents
    cells: pa.RecordBatch

    def __len__(self) -> int:
        count: int = self.cells.num_rows
        return count

    def values(self, name: str, column_type: ColumnType) -> pa.Array:
        """Return a column as training reads one of this type.

        Raises:
            pyarrow.ArrowException: A cell is not of the type.
        """
        cells = self.cells.column(name)
        if self.contents.format is DatasetFormat.CSV:
            return csv_cells.to_values(cells, column_type)
        return parquet_files.to_values(cells, column_type)

    def table(self) -> pa.RecordBatch:
        """Return all columns, typed: those of CSV as they were found to be, those of Parquet as they are."""
        names = self.cells.schema.names
        if self.contents.format is DatasetFormat.CSV:
            types = {column.name: column.type for column in self.contents.columns}
            arrays = [self.values(name, types[name]) for name in names]
        else:
            arrays = [_plain(cells) for cells in self.cells.columns]
        return pa.record_batch(arrays, names=names)

    def parts(self, rows: int) -> Iterator["Rows"]:
        """Yield the same in parts of so many rows at most."""
        for start in range(0, len(self), rows):
            yield Rows(contents=self.contents, cells=self.cells.slice(start, rows))


def read_rows(path: Path, contents: Contents) -> Iterator[Rows]:
    """Yield the rows of a dataset in their order, in bounded memory.

    Raises:
        UnreadableDataset: The bytes are not those that were inspected.
    """
    read = read_csv_cells if contents.format is DatasetFormat.CSV else read_parquet_cells
    for cells in read(path):
        if cells.num_rows:
            yield Rows(contents=contents, cells=cells)


def _plain(cells: pa.Array) -> pa.Array:
    return cells.dictionary_decode() if pt.is_dictionary(cells.type) else cells
