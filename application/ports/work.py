"""How work that runs elsewhere ends without a result."""

from domain.errors import DomainError


class WorkStopped(Exception):
    """The work was stopped because `should_stop` said so."""


class WorkFailed(DomainError):
    """The work gave nothing; `code` says whether the data, the limits or the program is why."""

    code = "work.failed"

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code
