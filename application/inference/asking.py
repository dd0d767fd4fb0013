"""Asking a version about rows, of which it may refuse one."""

from collections.abc import Sequence

from application.ports.predictor import Predicted, Predictor, Rows
from domain.errors import FieldProblem
from domain.inference.errors import NonConformingInstance

_FIELD = "features"


class RefusedRow(NonConformingInstance):
    """A row conforms to the schema, and yet the version cannot answer it: it knows no such series, for one.

    Attributes:
        place: Of the row among those that were asked for together.
    """

    def __init__(self, problems: Sequence[FieldProblem], *, place: int) -> None:
        super().__init__(_renamed(problems, f"{_FIELD}[{place}]"))
        self.place = place
        self._problems = problems

    def shifted(self, rows: int) -> "RefusedRow":
        """Return the same of a row that stands so many rows farther behind."""
        return RefusedRow(self._problems, place=self.place + rows)

    def told_at(self, path: str) -> NonConformingInstance:
        """Return the same of a row that people know by another name."""
        return NonConformingInstance(_renamed(self._problems, path))


def predicted(predictor: Predictor, rows: Rows) -> Predicted:
    """Return what a version says of rows.

    Raises:
        RefusedRow: It cannot answer one of them; the first of these is told of.
    """
    try:
        return predictor.predict(rows)
    except NonConformingInstance as refused:
        raise _first_refused(predictor, rows) or refused from None


def _first_refused(predictor: Predictor, rows: Rows) -> RefusedRow | None:
    for place in range(len(rows)):
        try:
            predictor.predict(rows[place : place + 1])
        except NonConformingInstance as refused:
            return RefusedRow(refused.problems, place=place)
    return None


def _renamed(problems: Sequence[FieldProblem], path: str) -> list[FieldProblem]:
    return [each.model_copy(update={"field": each.field.replace(_FIELD, path, 1)}) for each in problems]
