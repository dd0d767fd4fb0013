"""The real tables that scikit-learn brings along, as a user would have them: in CSV, with speaking labels.

Source: scikit-learn's `load_breast_cancer`, `load_wine` and `load_diabetes`.
"""

import csv
import io
import re
from dataclasses import dataclass
from typing import Any

from sklearn import datasets

Cell = float | str


@dataclass(frozen=True, kw_only=True)
class DemoTable:
    """A table and what is to be learned from it.

    Attributes:
        name: Of the dataset and of the model.
        columns: The features; lower-case words joined by `_`, easy to type and to filter by.
        rows: One list of values per row, in the order of the columns.
        answers: One per row.
    """

    name: str
    model_type: str
    description: str
    target: str
    columns: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    answers: tuple[Cell, ...]

    def csv(self) -> bytes:
        """Return the table with its answers as the last column."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*self.columns, self.target])
        writer.writerows([*row, answer] for row, answer in zip(self.rows, self.answers, strict=True))
        return text.getvalue().encode()

    def instance(self, row: int) -> dict[str, float]:
        """Return a row as a client sends it to be predicted."""
        return dict(zip(self.columns, self.rows[row], strict=True))


def demo_tables() -> list[DemoTable]:
    """Return two tables to classify, with two and three labels, and one with a number to predict."""
    return [
        _table(
            datasets.load_breast_cancer(),
            name="breast_cancer",
            model_type="classification",
            description="Is a breast tumour malignant or benign, by 30 measures of its cells?",
            target="diagnosis",
        ),
        _table(
            datasets.load_wine(),
            name="wine",
            model_type="classification",
            description="Which of three cultivars is a wine made of, by its chemistry?",
            target="cultivar",
        ),
        _table(
            datasets.load_diabetes(),
            name="diabetes",
            model_type="regression",
            description="How far will diabetes have progressed after a year?",
            target="progression",
        ),
    ]


def _table(bunch: Any, *, name: str, model_type: str, description: str, target: str) -> DemoTable:
    labels = getattr(bunch, "target_names", None)
    answers = bunch.target.tolist()
    return DemoTable(
        name=name,
        model_type=model_type,
        description=description,
        target=target,
        columns=tuple(re.sub(r"[^0-9a-z]+", "_", str(each).lower()) for each in bunch.feature_names),
        rows=tuple(tuple(row) for row in bunch.data.tolist()),
        answers=tuple(answers if labels is None else (str(labels[code]) for code in answers)),
    )
