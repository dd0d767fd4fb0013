"""Work that is ended from outside."""


class WorkStopped(Exception):
    """The work was stopped because `should_stop` said so."""
