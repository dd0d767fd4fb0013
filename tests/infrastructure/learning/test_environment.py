"""What a training says of its libraries is what is said of them later, for as long as they are the same."""

from infrastructure.learning.environment import environment, version_here


def test_an_environment_that_has_not_changed_is_told_as_it_was() -> None:
    told = environment("scipy")
    assert {"machine-learning-service", "lightgbm", "numpy", "python", "machine", "scipy"} < set(told)
    assert {name: version_here(name) for name in told} == told


def test_a_library_that_is_not_here_any_more_has_no_version() -> None:
    assert version_here("no-such-library") is None
