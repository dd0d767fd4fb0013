"""Operators, accounts and users of NATS, whose keys are made for a test."""

import base64
import binascii
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

OPERATOR, ACCOUNT, USER = 14 << 3, 0, 20 << 3
_SEED = 18 << 3
_NO_LIMITS = dict.fromkeys(("subs", "conn", "leaf", "imports", "exports", "data", "payload"), -1)


class Entity:
    """Somebody who has a key, and signs what others may."""

    def __init__(self, kind: int) -> None:
        self._kind = kind
        self._key = Ed25519PrivateKey.generate()
        self.public = _encoded(bytes([kind]) + self._key.public_key().public_bytes_raw())

    @property
    def seed(self) -> str:
        kind = bytes([_SEED | self._kind >> 5, (self._kind & 31) << 3])
        return _encoded(kind + self._key.private_bytes_raw())

    def jwt(self, subject: "Entity", claims: dict[str, Any]) -> str:
        """Return what this one says of another."""
        header = {"typ": "JWT", "alg": "ed25519-nkey"}
        body = {
            "jti": "test",
            "iat": 1,
            "iss": self.public,
            "sub": subject.public,
            "nats": {"version": 2, **claims},
        }
        signed = ".".join(_base64(json.dumps(part).encode()) for part in (header, body))
        return f"{signed}.{_base64(self._key.sign(signed.encode()))}"


def operated_server(operator: Entity, *accounts: Entity) -> dict[str, Any]:
    """Return the settings of a server that lets in the users of the accounts; its own is one more."""
    system = Entity(ACCOUNT)
    claims = {"type": "account", "limits": _NO_LIMITS | {"wildcards": True}}
    return {
        "authorization": {},
        "operator": operator.jwt(operator, {"type": "operator"}),
        "system_account": system.public,
        "resolver": "MEMORY",
        "resolver_preload": {each.public: operator.jwt(each, claims) for each in (system, *accounts)},
    }


def credentials(account: Entity, user: Entity) -> str:
    """Return the content of the user's credentials file."""
    jwt = account.jwt(user, {"type": "user", "subs": -1, "data": -1, "payload": -1})
    return (
        f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n"
    )


def _encoded(body: bytes) -> str:
    checksum = binascii.crc_hqx(body, 0).to_bytes(2, "little")
    return base64.b32encode(body + checksum).decode().rstrip("=")


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
