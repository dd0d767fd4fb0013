"""Tables to try a service out with, one type of model after the other, as a user would have them: in CSV.

Source: scikit-learn's `load_breast_cancer`, `load_wine`, `load_diabetes` and `load_iris`; texts and series are
made from a seed, for no package that the service needs brings any along.
"""

import csv
import io
import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sklearn import datasets

Cell = float | str


@dataclass(frozen=True, kw_only=True)
class DemoTable:
    """A table and what is to be learned from it.

    Attributes:
        name: Of the dataset and of the model.
        columns: Lower-case words joined by `_`, easy to type and to filter by; the target is the last.
        rows: One tuple of values per row, in the order of the columns.
        target: What is to be told from the other columns; None where nothing is.
    """

    name: str
    model_type: str
    description: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    target: str | None

    def csv(self) -> bytes:
        """Return the table."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return text.getvalue().encode()

    def instance(self, row: int) -> dict[str, Cell]:
        """Return a row as a client sends it to be predicted; of a series, a wish for the next week."""
        if self.model_type == "time_series":
            return {"horizon": 7}
        named = zip(self.columns, self.rows[row], strict=True)
        return {name: value for name, value in named if name != self.target}


def demo_tables() -> list[DemoTable]:
    """Return two tables to classify, with two and three labels, and one for each other type of model."""
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
        _table(
            datasets.load_iris(),
            name="iris",
            model_type="clustering",
            description="Which flowers are alike, by the size of their petals and sepals?",
            target=None,
        ),
        DemoTable(
            name="tickets",
            model_type="nlp",
            description="Whom does a customer's message go to?",
            columns=("message", "team"),
            rows=tuple(_messages(400)),
            target="team",
        ),
        DemoTable(
            name="visitors",
            model_type="time_series",
            description="How many people will come to a museum on each of the next days?",
            columns=("day", "visitors"),
            rows=tuple(_days(date(2024, 1, 1), 730)),
            target="visitors",
        ),
    ]


def _table(bunch: Any, *, name: str, model_type: str, description: str, target: str | None) -> DemoTable:
    labels = getattr(bunch, "target_names", None)
    answers = bunch.target.tolist()
    if labels is not None:
        answers = [str(labels[code]) for code in answers]
    rows = bunch.data.tolist()
    return DemoTable(
        name=name,
        model_type=model_type,
        description=description,
        columns=(
            *(re.sub(r"[^0-9a-z]+", "_", str(each).lower()).strip("_") for each in bunch.feature_names),
            *([] if target is None else [target]),
        ),
        rows=tuple(
            tuple(row) if target is None else (*row, answer) for row, answer in zip(rows, answers, strict=True)
        ),
        target=target,
    )


_TEAMS = {
    "billing": ("I was charged twice", "the invoice is wrong", "please refund my payment", "my card was declined"),
    "delivery": (
        "the parcel never arrived",
        "my order is late",
        "it came to the wrong address",
        "the box was open",
    ),
    "support": ("the app crashes", "I cannot log in", "the screen stays black", "an error comes up"),
}
_BEGINNINGS = ("Hello,", "Hi,", "Good morning,", "Dear all,", "Again:")
_ENDINGS = (
    "since Monday.",
    "for the third time.",
    "what shall I do?",
    "please help.",
    "thank you.",
    "and I am upset.",
)


def _messages(count: int) -> Iterator[tuple[str, str]]:
    chance = random.Random(1)  # noqa: S311 - keeps no secret
    for _ in range(count):
        team = chance.choice(list(_TEAMS))
        beginning, complaint, ending = map(chance.choice, (_BEGINNINGS, _TEAMS[team], _ENDINGS))
        yield f"{beginning} {complaint} {ending}", team


def _days(first: date, count: int) -> Iterator[tuple[str, int]]:
    """Yield days on which more come at weekends and in summer, more each year, and fewer or more by chance."""
    chance = random.Random(2)  # noqa: S311 - keeps no secret
    for number in range(count):
        day = first + timedelta(days=number)
        of_week = 1.8 if day.weekday() >= 5 else 1.0  # noqa: PLR2004 - Saturday
        of_year = 1.0 - 0.4 * math.cos(2.0 * math.pi * day.timetuple().tm_yday / 365.0)
        yield (
            day.isoformat(),
            round(200.0 * of_week * of_year * (1.0 + number / 3_000.0) * chance.uniform(0.9, 1.1)),
        )
