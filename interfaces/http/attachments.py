"""Names under which readers keep what they are sent."""

import re
from urllib.parse import quote

_NAME_MAX_BYTES = 200
"""File systems take 255, of which a reader may want some to tell one copy from another."""

_NAMELESS = "dataset"
_UNSAFE = re.compile(r'[\x00-\x1f\x7f"*/:<>?\\|]+')
_UNSAID = re.compile(r"[^ -~]+|%")


def attachment(name: str, *, suffix: str) -> str:
    """Return the `Content-Disposition` of a file to be kept under a name that means nothing but a file anywhere.

    Source: RFC 6266, sections 4.3 and 5 and appendix D; RFC 8187.

    Args:
        name: Any text.
        suffix: That the file's name ends in, with its dot.
    """
    file_name = _file_name(name, suffix)
    said = _UNSAID.sub("_", file_name)
    header = f'attachment; filename="{said}"'
    return header if said == file_name else f"{header}; filename*=UTF-8''{quote(file_name, safe='')}"


def _file_name(name: str, suffix: str) -> str:
    stem = _UNSAFE.sub("_", name)
    if stem.lower().endswith(suffix):
        stem = stem[: -len(suffix)]
    # a leading dot hides a file, a trailing one or a space is dropped by some systems
    stem = stem.encode()[:_NAME_MAX_BYTES].decode(errors="ignore").strip(" .")
    return f"{stem or _NAMELESS}{suffix}"
