"""How PostgreSQL is reached: by a libpq URL, every option of which is kept, and which no error ever shows."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

_SCHEMES = ("postgresql://", "postgres://")

# A peer that is gone without a word is noticed within seconds; who wants to wait longer says so in the URL.
_DEFAULTS: Mapping[str, str | int] = MappingProxyType(
    {
        "client_encoding": "UTF8",
        "fallback_application_name": "ml-service",
        "connect_timeout": 3,
        "keepalives_idle": 5,
        "keepalives_interval": 1,
        "keepalives_count": 3,
        "tcp_user_timeout": 8000,  # ms
    }
)


_THERE_WITHIN_S = 3.0
"""So soon a server that is there answers that it is."""

_LOOK_EVERY_S = 0.1

Result = TypeVar("Result")


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed when the server does not answer in time.

    The kernel below a server that stands still goes on to acknowledge what is sent to it: neither TCP nor a limit
    that the server is to keep would end the wait for it.

    Attributes:
        answers_within_s: So long the server may take for an answer; None for ever.
    """

    answers_within_s: float | None = None

    def wait(self, gen: PQGen[Result], interval: float = _LOOK_EVERY_S, timeout: float | None = None) -> Result:
        """Return what the driver waits for.

        Raises:
            OperationalError: It has not come in time; the connection is closed.
        """
        if timeout is not None or self.answers_within_s is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.answers_within_s)
        except psycopg.OperationalError as error:
            if error.sqlstate is not None or self.info.transaction_status is not TransactionStatus.ACTIVE:
                raise
            self.close()
            message = f"PostgreSQL has not answered for {self.answers_within_s:g} s"
            raise psycopg.OperationalError(message) from None

    def answers(self) -> bool:
        """Return whether the server does so now; a connection by which it does not is closed.

        To be asked between transactions.
        """
        usual = self.autocommit, self.answers_within_s
        try:
            self.autocommit, self.answers_within_s = True, _THERE_WITHIN_S
            self.execute("")
            self.autocommit, self.answers_within_s = usual
        except psycopg.Error:
            self.close()
            return False
        return True


class DatabaseURLInvalid(ValueError):
    """The URL does not say which PostgreSQL database is meant."""


def conninfo(url: str) -> str:
    """Return what libpq connects by: the URL's own options, and ours where it leaves them open.

    Args:
        url: `postgresql://user:password@host:port/database?option=value`, the libpq form; special
            characters of the password percent-encoded, a socket's directory as `?host=/run/postgresql`.

    Raises:
        DatabaseURLInvalid: It is of another form. The error does not repeat it: it may hold a password.
    """
    if not url.startswith(_SCHEMES):
        raise DatabaseURLInvalid(_explained("it does not begin with postgresql://"))
    if not _keeps_its_password(url):
        raise DatabaseURLInvalid(_explained("an @ or / of the user or password is not percent-encoded"))
    try:
        options: dict[str, Any] = conninfo_to_dict(url)
    except psycopg.Error:  # libpq's own words would quote the part it stumbled over, a password perhaps
        raise DatabaseURLInvalid(_explained("it has an unknown option or a wrong escape")) from None
    ports = str(options.get("port", "")).split(",")
    if not all(port.isdecimal() or not port for port in ports):
        raise DatabaseURLInvalid(_explained("its port is not a number"))
    return make_conninfo("", **(dict(_DEFAULTS) | options))


def connect(conninfo: str, *, autocommit: bool = True, answers_within_s: float | None = None) -> BoundedConnection:
    """Return a new connection.

    Args:
        conninfo: What the function of that name returned.
        autocommit: Whether each statement is a transaction of its own.
        answers_within_s: So long the server may take for an answer; None for ever.

    Raises:
        psycopg.OperationalError: The server cannot be reached or does not let us in; says what to look at.
    """
    try:
        connection = BoundedConnection.connect(conninfo, autocommit=autocommit)
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())
        msg = f"PostgreSQL cannot be reached: see that it runs, and that the database URL is right ({reason})"
        raise psycopg.OperationalError(msg) from error
    connection.answers_within_s = answers_within_s
    return connection


def _keeps_its_password(url: str) -> bool:
    """Whether no part of a password can be taken for a host or a database, which errors do show."""
    authority, _, path = url.partition("://")[2].partition("/")
    _, found, behind = authority.partition("@")
    shown = f"{behind if found else authority}/{path}".partition("?")[0]
    return "@" not in shown


def _explained(reason: str) -> str:
    return (
        f"The database URL cannot be used: {reason}. It looks like postgresql://user:password@host:5432/database; "
        "write special characters of a password percent-encoded, @ as %40."
    )
