"""The credentials file of a NATS account: a JWT that says who one is, and the seed of the key that proves it.

Source: NATS documentation, "JWTs" and "NKeys"; the key is Ed25519, its seed is written in base 32.
"""

import base64
import binascii
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_JWT = re.compile(r"-{3,}BEGIN NATS USER JWT-{3,}\s+(\S+)\s+-{3,}END NATS USER JWT-{3,}")
_SEED = re.compile(r"-{3,}BEGIN USER NKEY SEED-{3,}\s+(\S+)\s+-{3,}END USER NKEY SEED-{3,}")
_SEED_KIND = 18 << 3
"""The first five bits of what is a seed."""
_KIND_BYTES, _KEY_BYTES, _CHECKSUM_BYTES = 2, 32, 2


class CredentialsInvalid(Exception):
    """The file holds no credentials. The message says what is missing, and nothing of what is there."""


class Credentials:
    """What a credentials file holds, read anew for each connection: files are renewed.

    Raises:
        CredentialsInvalid: It holds no JWT, or no seed.
        OSError: It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        content = path.read_text(encoding="utf-8", errors="replace")
        self._jwt = _only(_JWT, content, path, "a NATS user JWT")
        self._key = _key(_only(_SEED, content, path, "the seed of a user's key"), path)

    def jwt(self) -> bytes:
        """Return who one is."""
        return self._jwt.encode()

    def signature(self, nonce: str) -> bytes:
        """Return the proof for what the server has drawn, in base 64."""
        return base64.b64encode(self._key.sign(nonce.encode()))


def _only(pattern: re.Pattern[str], content: str, path: Path, what: str) -> str:
    found = pattern.search(content)
    if found is None:
        message = f"{path} does not hold {what}"
        raise CredentialsInvalid(message)
    return found.group(1)


def _key(seed: str, path: Path) -> "Ed25519PrivateKey":
    # imported here, for it takes long, and most connections need no key
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - see above

    try:
        raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
    except binascii.Error:
        raw = b""
    body, checksum = raw[:-_CHECKSUM_BYTES], raw[-_CHECKSUM_BYTES:]
    is_seed = len(body) == _KIND_BYTES + _KEY_BYTES and body[0] & 0xF8 == _SEED_KIND
    if not is_seed or binascii.crc_hqx(body, 0).to_bytes(_CHECKSUM_BYTES, "little") != checksum:
        message = f"the seed in {path} is damaged"
        raise CredentialsInvalid(message)
    return Ed25519PrivateKey.from_private_bytes(body[_KIND_BYTES:])
