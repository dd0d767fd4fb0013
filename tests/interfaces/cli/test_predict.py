"""What people see of predictions."""

from io import StringIO

from rich.console import Console

from interfaces.cli.predict import answer_table


def shown(*results: object) -> list[str]:
    """Return the lines that a terminal shows, without what is between columns."""
    console = Console(file=StringIO(), width=120)
    console.print(answer_table({"version": "1.0.0", "results": results}))
    return [" ".join(line.replace("│", " ").split()) for line in console.file.getvalue().splitlines()]


def test_a_forecast_is_shown_step_by_step() -> None:
    steps = [
        {"time": "2026-01-01", "value": 5.0, "lower": 4.25, "upper": 6.0},
        {"time": "2026-02-01", "value": 7.123456789, "lower": 6.0, "upper": 8.0},
    ]
    lines = shown({"prediction": steps, "probability": None, "explanation": None})
    assert "0 2026-01-01 5 (4.25 to 6)" in lines
    assert "2026-02-01 7.12346 (6 to 8)" in lines


def test_a_text_is_explained_by_the_terms_that_contribute_most() -> None:
    contributions = {f"term {place}": place / 10 for place in range(20)}
    lines = shown({"prediction": "yes", "probability": 0.75, "explanation": contributions})
    assert "0 yes 0.75 +1.900 term 19" in lines
    assert "+1.000 term 10" in lines
    assert not any("term 9" in line for line in lines)
