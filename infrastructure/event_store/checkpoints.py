"""Signed heads of the chain, kept outside the database: who cuts or rewrites the log cannot take them back.

Source: RFC 8032 (Ed25519).
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from application.views import instant_text
from infrastructure.event_store.chain_breaks import ChainBroken

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_BYTES, HASH_BYTES, SIGNATURE_BYTES = 32, 32, 64
POSITION_MAX = 2**63 - 1


class NoCheckpoint(ValueError):
    """The text is no checkpoint."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What somebody signed: at that instant, the chain had this hash at this position.

    Attributes:
        at_text: The instant, as it was signed.
        key: The public key, raw.
    """

    position: int
    hash: bytes
    at_text: str
    key: bytes
    signature: bytes

    @classmethod
    def signed(cls, *, position: int, hash: bytes, at: datetime, key: "Ed25519PrivateKey") -> Self:  # noqa: A002 - its name in the file
        """Return a new checkpoint."""
        at_text = instant_text(at)
        return cls(
            position=position,
            hash=hash,
            at_text=at_text,
            key=key.public_key().public_bytes_raw(),
            signature=key.sign(_message(position, hash, at_text)),
        )

    @classmethod
    def of_document(cls, document: Any) -> Self:
        """Return the checkpoint that the document is, genuine or not.

        Raises:
            NoCheckpoint: It is none.
        """
        names = {"position", "hash", "at", "key", "signature"}
        if not isinstance(document, dict) or document.keys() != names:
            msg = f"a checkpoint has {', '.join(sorted(names))}"
            raise NoCheckpoint(msg)
        position = document["position"]
        if type(position) is not int or not 0 < position <= POSITION_MAX:
            msg = f"{position!r} is no position"
            raise NoCheckpoint(msg)
        return cls(
            position=position,
            hash=_bytes(document, "hash", HASH_BYTES),
            at_text=_instant(document["at"]),
            key=_bytes(document, "key", KEY_BYTES),
            signature=_bytes(document, "signature", SIGNATURE_BYTES),
        )

    @classmethod
    def of_line(cls, line: bytes) -> Self:
        """Return the checkpoint of a line of the file.

        Raises:
            NoCheckpoint: It is none.
        """
        try:
            document = json.loads(line)
        except (ValueError, RecursionError) as error:
            msg = "it is no JSON"
            raise NoCheckpoint(msg) from error
        return cls.of_document(document)

    @property
    def document(self) -> dict[str, Any]:
        """The checkpoint as JSON values."""
        return {
            "position": self.position,
            "hash": self.hash.hex(),
            "at": self.at_text,
            "key": self.key.hex(),
            "signature": self.signature.hex(),
        }

    @property
    def line(self) -> bytes:
        """The checkpoint as it stands in a file, with the line's end."""
        return json.dumps(self.document, separators=(",", ":")).encode("ascii") + b"\n"

    @property
    def is_genuine(self) -> bool:
        """Whether its key has signed it."""
        # imported here, for it takes long, and a service that starts has nothing to verify yet
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see above
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - see above

        try:
            public = Ed25519PublicKey.from_public_bytes(self.key)
            public.verify(self.signature, _message(self.position, self.hash, self.at_text))
        except (InvalidSignature, ValueError):
            return False
        return True


def sorted_out(
    lines: Iterable[bytes], *, trusted: Collection[bytes], others_are_findings: bool
) -> tuple[Sequence[Checkpoint], int, ChainBroken | None]:
    """Return the checkpoints to rely on, how many are of other keys, and the first finding; None without one.

    Args:
        lines: Of a file.
        trusted: Public keys, raw.
        others_are_findings: Whether it is a finding that another key has signed.
    """
    reliable: list[Checkpoint] = []
    of_others = 0
    finding: ChainBroken | None = None
    for number, line in enumerate(lines, start=1):
        try:
            checkpoint = Checkpoint.of_line(line)
        except NoCheckpoint as error:
            finding = finding or ChainBroken(None, f"checkpoint {number} cannot be read: {error}")
            continue
        if checkpoint.key not in trusted:
            of_others += 1
            if not others_are_findings:
                continue
            problem = f"is signed with a key that is not trusted ({checkpoint.key.hex()})"
        elif not checkpoint.is_genuine:
            problem = "was forged: its signature does not fit"
        else:
            reliable.append(checkpoint)
            continue
        finding = finding or ChainBroken(checkpoint.position, f"checkpoint {number} of it {problem}")
    return reliable, of_others, finding


def _message(position: int, hash_: bytes, at_text: str) -> bytes:
    return f"ml-service checkpoint 1\nposition {position}\nhash {hash_.hex()}\nat {at_text}\n".encode("ascii")


def _bytes(document: dict[str, Any], name: str, size: int) -> bytes:
    text = document[name]
    try:
        found = bytes.fromhex(text)
    except (ValueError, TypeError):
        found = b""
    if len(found) != size or found.hex() != text:
        msg = f"its {name} is not {2 * size} hexadecimal digits"
        raise NoCheckpoint(msg)
    return found


def _instant(text: Any) -> str:
    try:
        is_canonical = instant_text(datetime.fromisoformat(text).astimezone(UTC)) == text
    except (ValueError, TypeError, OverflowError):
        is_canonical = False
    if not is_canonical:
        msg = f"{text!r} is no instant in UTC with microseconds"
        raise NoCheckpoint(msg)
    return str(text)
