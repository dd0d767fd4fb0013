"""What is held out as the plan says, and what is learned in the end."""

from typing import Any

import numpy as np
import pytest

from application.ports.trainer import Iteration
from application.ports.work import WorkFailed
from domain.training.values import TrainingPlan
from infrastructure.learning.manifest import TREES
from infrastructure.learning.trained import Trained
from infrastructure.learning.training import train
from tests.support.data import ExampleTable, breast_cancer, churn, diabetes, iris, labelled, measured


def planned(table: ExampleTable, *, by: str | None = None, **settings: Any) -> TrainingPlan:
    """Return a plan whose rows are held apart by the column that a setting names."""
    plan = table.plan(num_iterations=25, **settings)
    column = next((each for each in table.columns() if each.name == by), None)
    is_group = "group_column" in settings
    return plan.model_copy(update={"group" if is_group else "time": column})


def trained(table: ExampleTable, *, num_threads: int = 1, **settings: Any) -> Trained:
    return train(planned(table, **settings), table.table(), num_threads=num_threads, on_iteration=lambda _: None)


def held_out(result: Trained, column: str) -> list[Any]:
    assert result.held_out is not None
    found: list[Any] = result.held_out.table.column(column).to_pylist()
    return found


def grouped() -> ExampleTable:
    names = [f"g{index % 13}" if index % 11 else None for index in range(200)]
    return measured([float(index % 17) for index in range(200)], group=names, x=list(range(200)))


def dated() -> ExampleTable:
    days: list[Any] = [(index * 37) % 100 if index % 10 else None for index in range(200)]
    return measured([float(index % 17) for index in range(200)], day=days, x=list(range(200)))


def test_groups_are_on_one_side() -> None:
    table = grouped()

    result = trained(table, by="group", group_column="group")

    names = held_out(result, "group")
    assert 0 < len(names) < 200
    everywhere = table.cells["group"]
    assert all(names.count(name) == list(everywhere).count(name) for name in set(names))


def test_what_is_held_out_lies_after_what_is_learned_from_and_rows_without_a_time_are_left_out() -> None:
    table = dated()

    result = trained(table, by="day", time_column="day")

    days = sorted(day for day in table.cells["day"] if day is not None)
    rows = result.manifest.dataset
    assert rows.training_rows + rows.validation_rows == len(days) == 180
    assert sorted(held_out(result, "day")) == days[rows.training_rows :]


def test_few_rows_that_are_held_out_once_are_said_to_be_missed() -> None:
    assert any("in 5 folds it learns from all" in note for note in trained(grouped()).notes)
    assert trained(measured([float(index % 17) for index in range(5_000)])).notes == ()


@pytest.mark.parametrize(
    "settings",
    [{}, {"split": "random"}, {"by": "group", "group_column": "group"}],
    ids=["auto", "random", "group"],
)
def test_in_folds_all_rows_are_held_out_and_all_are_learned_from(settings: dict[str, Any]) -> None:
    result = trained(grouped(), folds=4, **settings)

    assert sorted(held_out(result, "x")) == list(range(200))
    assert (result.manifest.dataset.training_rows, result.manifest.dataset.validation_rows) == (200, 0)
    assert "learned from the other folds" in result.notes[0]


@pytest.mark.parametrize("table", [breast_cancer(), iris(), churn(), diabetes()], ids=lambda table: table.name)
def test_folds_give_the_same_bytes_with_any_number_of_threads(table: ExampleTable) -> None:
    one, three = (trained(table, num_threads=threads, folds=3) for threads in (1, 3))

    assert one.parts == three.parts
    assert one.manifest == three.manifest
    assert one.metrics == three.metrics
    assert one.held_out is not None
    assert len(one.held_out.truth) == len(table.cells[table.target])


def test_the_rounds_of_the_version_are_those_that_were_best_on_average() -> None:
    rounds: list[Iteration] = []
    plan = diabetes().plan(num_iterations=400, early_stopping_rounds=10, folds=5)

    result = train(plan, diabetes().table(), num_threads=1, on_iteration=rounds.append)

    best = min(rounds, key=lambda each: each.metrics["rmse"]).iteration
    assert result.manifest.best_iteration == best == len(rounds) - 10
    assert [each.iteration for each in rounds] == list(range(1, best + 11))
    # the mean over folds is of roots: not the root over all rows, but near it
    assert result.metrics["rmse"] == pytest.approx(rounds[best - 1].metrics["rmse"], rel=0.05)


def test_a_version_in_folds_has_learned_from_all_rows() -> None:
    once = trained(iris())
    folded = trained(iris(), folds=5)

    def rows_of_first_root(result: Trained) -> int:
        text = result.parts[TREES].decode()
        return int(text.partition("internal_count=")[2].split()[0])

    assert (rows_of_first_root(once), rows_of_first_root(folded)) == (120, 150)


def test_folds_in_time_are_told_by_what_lies_before_them() -> None:
    table = dated()

    result = trained(table, by="day", time_column="day", folds=3)

    days = sorted(day for day in table.cells["day"] if day is not None)
    found = held_out(result, "day")
    assert sorted(found) == days[len(days) - len(found) :]
    assert found != sorted(found)
    assert np.isfinite(list(result.metrics.values())).all()


def test_labels_that_only_one_side_knows_are_told() -> None:
    table = labelled(["a"] * 15 + ["b"] * 5, group=["g"] * 15 + ["h"] * 5, x=list(range(20)))
    failures = []
    for seed in range(8):
        with pytest.raises(WorkFailed) as failure:
            trained(table, by="group", group_column="group", seed=seed)
        failures.append(failure.value.code)

    assert set(failures) == {"training.one-class"}
