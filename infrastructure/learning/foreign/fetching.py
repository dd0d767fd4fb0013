"""The bytes of a model, copied from where a URL says they lie."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from domain.errors import FieldProblem, InvalidInput
from domain.models.errors import NotLoadable
from infrastructure.datasets.local_uris import open_below, path_of
from infrastructure.sources.allowed_urls import AllowedUrls, is_remote
from infrastructure.sources.remote import remote_pieces

_FIELD = "artifact_url"
_COPY_BYTES = 1024 * 1024


def fetch(
    url: str, to: Path, *, allowed_root: Path | None, allowed_urls: AllowedUrls, size_max_bytes: int
) -> None:
    """Copy what lies at the URL to the path.

    Args:
        url: A `file:` URL, or a path, absolute or relative to the allowed root; or one that is allowed.
        to: Where nothing lies yet.
        allowed_root: The directory that URLs may lead into; None allows none of this machine.
        allowed_urls: Those that may be read from elsewhere.
        size_max_bytes: Of more, no more is read.

    Raises:
        InvalidInput: The URL is of a kind not supported, outside the allowed root, or nothing is there.
        SourceUnavailable: It cannot be read now.
        NotLoadable: There is more than may be read.
    """
    size_bytes = 0
    with closing(_named_pieces(url, allowed_root, allowed_urls)) as pieces, to.open("wb") as copy:
        for piece in pieces:
            size_bytes += len(piece)
            if size_bytes > size_max_bytes:
                message = f"leads to more than the {size_max_bytes // _COPY_BYTES:,} MiB that a model may have."
                raise NotLoadable([FieldProblem(field=_FIELD, message=message)])
            copy.write(piece)


def _named_pieces(url: str, allowed_root: Path | None, allowed_urls: AllowedUrls) -> Generator[bytes, None, None]:
    """Yield the bytes; tell what is wrong with the URL under the name that it has here."""
    try:
        yield from _pieces(url, allowed_root, allowed_urls)
    except InvalidInput as unfit:
        raise InvalidInput(
            [FieldProblem(field=_FIELD, message=each.message, value=url) for each in unfit.problems]
        ) from None


def _pieces(url: str, allowed_root: Path | None, allowed_urls: AllowedUrls) -> Generator[bytes, None, None]:
    if is_remote(url):
        yield from remote_pieces(url, allowed=allowed_urls)
        return
    if allowed_root is None or not allowed_root.is_dir():
        message = (
            "cannot be read: this service may read no files. Let the operator set ML_SERVICE_DATASET_ROOT to the "
            "directory that datasets and models may come from."
        )
        raise InvalidInput.of(_FIELD, message, url)
    with open_below(allowed_root, path_of(url), uri=url) as source:
        while piece := source.read(_COPY_BYTES):
            yield piece
