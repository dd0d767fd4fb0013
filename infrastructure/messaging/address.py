"""Where NATS is, and how one is let in."""

import ssl
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import Field, model_validator

from application.integration.channels import Proof
from domain.kernel import Immutable

_SCHEMES = ("nats", "tls")
_DEFAULT_PORT = 4222


class NatsAddressInvalid(Exception):
    """What is given as the address of NATS is none. The message does not repeat it: it may hold a secret."""


@dataclass(frozen=True, kw_only=True)
class Login:
    """What to show at a server's door: a token, or user and password; all None where it lets everybody in.

    Attributes:
        user: With a password.
        password: Of that user.
        token: In place of both.
    """

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


class NatsAddress(Immutable):
    """One server, or several of one cluster, and what to show to them.

    Attributes:
        url: `nats://token@host:4222` or `nats://user:password@host:4222`, special characters percent-encoded;
            several separated by commas. The first that names a token or user names it for all.
        credentials: File with a NATS account's JWT and seed.
        tls_ca: Certificates that the servers' are signed by; those the system trusts when None.
        tls_certificate: Of this client.
        tls_key: Of that certificate; None where the certificate's file holds it too.
        replicas: How many servers of the cluster keep each stream.

    Raises:
        NatsAddressInvalid: A URL is none of NATS, or a key has no certificate.
    """

    url: str = Field(repr=False)
    credentials: Path | None = None
    tls_ca: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    replicas: int = Field(default=1, ge=1, le=5)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.tls_key is not None and self.tls_certificate is None:
            message = "A TLS key for NATS is given without its certificate."
            raise NatsAddressInvalid(message)
        assert self.servers
        return self

    @cached_property
    def servers(self) -> tuple[str, ...]:
        """The servers' URLs, without secrets."""
        return tuple(f"{part.scheme}://{_host(part)}:{part.port or _DEFAULT_PORT}" for part in self._parts)

    @cached_property
    def login(self) -> Login:
        """What the URL says of it."""
        for part in self._parts:
            if part.username and part.password is not None:
                return Login(user=unquote(part.username), password=unquote(part.password))
            if part.username:
                return Login(token=unquote(part.username))
        return Login()

    @property
    def proof(self) -> Proof | None:
        """What is shown to the servers; of several things the one that says who it is."""
        if self.credentials is not None:
            return Proof.CREDENTIALS
        if self.login.token is not None:
            return Proof.TOKEN
        if self.login.user is not None:
            return Proof.USER
        return None if self.tls_certificate is None else Proof.CERTIFICATE

    def tls(self) -> ssl.SSLContext | None:
        """Return how servers are known and this client is known to them; None where nothing is said of TLS.

        Raises:
            OSError: A file cannot be read, or holds no certificate (`ssl.SSLError`).
        """
        files = (self.tls_ca, self.tls_certificate)
        if not any(files) and not any(part.scheme == "tls" for part in self._parts):
            return None
        context = ssl.create_default_context(cafile=self.tls_ca)
        if self.tls_certificate is not None:
            context.load_cert_chain(self.tls_certificate, self.tls_key)
        return context

    @cached_property
    def _parts(self) -> tuple[SplitResult, ...]:
        return tuple(_split(each.strip()) for each in self.url.split(","))


def _split(url: str) -> SplitResult:
    try:
        part = urlsplit(url)
        is_whole = part.scheme in _SCHEMES and part.hostname and (part.port is None or part.port > 0)
    except ValueError:
        is_whole = False
    if not is_whole or part.path.strip("/") or part.query or part.fragment:
        message = (
            "A NATS URL is nats://host:port, or nats://token@host:port, or nats://user:password@host:port with "
            "special characters percent-encoded; several are separated by commas."
        )
        raise NatsAddressInvalid(message)
    return part


def _host(part: SplitResult) -> str:
    assert part.hostname is not None
    return f"[{part.hostname}]" if ":" in part.hostname else part.hostname
