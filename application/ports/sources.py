"""Bytes that lie elsewhere, where others keep them."""

from domain.errors import DomainError


class SourceUnavailable(DomainError):
    """What lies elsewhere cannot be read now, for a reason that may pass; asked again, it may be read."""

    code = "source.unavailable"
