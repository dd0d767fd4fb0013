"""The files of a data directory that hold checkpoints, the key that signs them, and the keys that are trusted."""

import fcntl
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from infrastructure.event_store.checkpoints import KEY_BYTES, Checkpoint, NoCheckpoint
from infrastructure.event_store.log_rows import Head

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PRIVATE = 0o600

OnNewKey = Callable[[Sequence[bytes]], None]
"""Told of the public keys, raw, that signed before the one that begins."""


class KeyUnusable(Exception):
    """A key cannot be read, or is none; the message says which."""


class CheckpointFiles:
    """The checkpoints of a data directory.

    `checkpoints.jsonl` has one checkpoint a line, in the order of signing. `checkpoint-key.pem` signs; it is
    made when first needed, and never leaves the directory. `checkpoint-keys.txt` has the public keys, one a
    line, that signed before the directory was restored. Safe for several processes at once.

    Args:
        home: The data directory.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lines = home / "checkpoints.jsonl"
        self._key = home / "checkpoint-key.pem"
        self._former_keys = home / "checkpoint-keys.txt"

    def lines(self) -> list[bytes]:
        """Return the file's lines; the last one, where its end never came to be written, is none."""
        try:
            content = self._lines.read_bytes()
        except FileNotFoundError:
            return []
        return content[: content.rfind(b"\n") + 1].splitlines()

    def checkpoints(self) -> Iterator[Checkpoint]:
        """Yield what can be read of the lines, genuine or not."""
        for line in self.lines():
            with suppress(NoCheckpoint):
                yield Checkpoint.of_line(line)

    def trusted_keys(self) -> list[bytes]:
        """Return the public keys, raw, of this directory: its own, and those of before it was restored.

        Raises:
            KeyUnusable: One of the files holds none.
        """
        keys = [_loaded(self._key).public_key().public_bytes_raw()] if self._key.exists() else []
        if self._former_keys.exists():
            keys += [parsed_public_key(line) for line in self._former_keys.read_text("utf-8").split()]
        return keys

    def sign(self, head: Head, *, at: datetime, on_new_key: OnNewKey = lambda _former: None) -> Checkpoint:
        """Append a checkpoint of the head, on disk from then on; the last one where it says the same already.

        Args:
            head: To be signed.
            at: The instant.
            on_new_key: Told where a key had to be made although others have signed before.

        Raises:
            KeyUnusable: The file of the key holds none.
            OSError: The directory cannot be written, or the disk is full.
        """
        with self._held() as descriptor:
            is_new = not self._key.exists()
            key = _made(self._key) if is_new else _loaded(self._key)
            if is_new and (former := [*dict.fromkeys(each.key for each in self.checkpoints())]):
                on_new_key(former)
            new = Checkpoint.signed(position=head.position, hash=head.hash, at=at, key=key)
            for last in self.lines()[-1:]:
                with suppress(NoCheckpoint):
                    known = Checkpoint.of_line(last)
                    if (known.position, known.hash, known.key) == (new.position, new.hash, new.key):
                        return known
            _append(descriptor, new.line)
        return new

    def write(self, checkpoints: Sequence[Checkpoint], *, former_keys: Collection[bytes]) -> None:
        """Write what was restored, with the keys that it was signed with."""
        written = {
            self._lines: b"".join(each.line for each in checkpoints),
            self._former_keys: b"".join(key.hex().encode() + b"\n" for key in former_keys),
        }
        for path, content in written.items():
            if content:
                _write(path, content)

    @contextmanager
    def _held(self) -> Iterator[int]:
        descriptor = os.open(self._lines, os.O_RDWR | os.O_CREAT, _PRIVATE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


def parsed_public_key(text: str) -> bytes:
    """Return a public key, raw, given as 64 hexadecimal digits, as PEM, or as a file that holds either.

    Raises:
        KeyUnusable: It is none of these.
    """
    text = text.strip()
    with suppress(ValueError):
        if len(raw := bytes.fromhex(text)) == KEY_BYTES:
            return raw
    if text.startswith("-----BEGIN"):
        return _of_pem(text)
    try:
        content = Path(text).read_text("utf-8").strip()
    except (OSError, ValueError):
        msg = f"{text!r} is neither a public key of {2 * KEY_BYTES} hexadecimal digits nor a file that can be read"
        raise KeyUnusable(msg) from None
    if content.startswith("-----BEGIN"):
        return _of_pem(content)
    with suppress(ValueError):
        if len(raw := bytes.fromhex(content)) == KEY_BYTES:
            return raw
    msg = f"{text} holds no public key"
    raise KeyUnusable(msg)


# what reads and makes keys is imported by each function: it takes long, and most of who starts needs none of it
def _loaded(path: Path) -> "Ed25519PrivateKey":
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - see above

    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        msg = f"{path} cannot be read as a key: {error}"
        raise KeyUnusable(msg) from None
    if not isinstance(key, Ed25519PrivateKey):
        msg = f"{path} is no Ed25519 key"
        raise KeyUnusable(msg)
    return key


def _made(path: Path) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - see above

    key = Ed25519PrivateKey.generate()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    _write(path, key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return key


def _of_pem(text: str) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415 - see above

    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        msg = "the PEM text holds no public key"
        raise KeyUnusable(msg) from None
    if not isinstance(key, Ed25519PublicKey):
        msg = "the public key is not of Ed25519"
        raise KeyUnusable(msg)
    return key.public_bytes_raw()


def _append(descriptor: int, line: bytes) -> None:
    """Write a line after the last whole one: what a crash left of another goes, or both would be lost."""
    size = os.fstat(descriptor).st_size
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        whole = file.read().rfind(b"\n") + 1
    if whole != size:
        os.ftruncate(descriptor, whole)
    try:
        _write_all(descriptor, line, at=whole)
    except OSError:
        os.ftruncate(descriptor, whole)
        raise
    os.fsync(descriptor)


def _write_all(descriptor: int, content: bytes, *, at: int) -> None:
    done = 0
    while done < len(content):
        done += os.pwrite(descriptor, content[done:], at + done)


def _write(path: Path, content: bytes) -> None:
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    try:
        _write_all(descriptor, content, at=0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    new.replace(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
