"""The bytes of a model, copied from where a URL says they lie."""

from pathlib import Path

from domain.errors import FieldProblem, InvalidInput
from domain.models.errors import NotLoadable
from infrastructure.datasets.local_uris import open_below, path_of

_FIELD = "artifact_url"
_COPY_BYTES = 1024 * 1024


def fetch(url: str, to: Path, *, allowed_root: Path | None, size_max_bytes: int) -> None:
    """Copy what lies at the URL to the path.

    Args:
        url: A `file:` URL, or a path, absolute or relative to the allowed root.
        to: Where nothing lies yet.
        allowed_root: The directory that URLs may lead into; None allows no URL at all.
        size_max_bytes: Of more, no more is read.

    Raises:
        InvalidInput: The URL is of a kind not supported, outside the allowed root, or nothing is there.
        NotLoadable: There is more than may be read.
    """
    if allowed_root is None or not allowed_root.is_dir():
        message = (
            "cannot be read: this service may read no files. Let the operator set ML_SERVICE_DATASET_ROOT to the "
            "directory that datasets and models may come from."
        )
        raise InvalidInput.of(_FIELD, message, url)
    try:
        source = open_below(allowed_root, path_of(url), uri=url)
    except InvalidInput as unfit:
        raise InvalidInput(
            [FieldProblem(field=_FIELD, message=each.message, value=url) for each in unfit.problems]
        ) from None
    size_bytes = 0
    with source, to.open("wb") as copy:
        while chunk := source.read(_COPY_BYTES):
            size_bytes += len(chunk)
            if size_bytes > size_max_bytes:
                message = f"leads to more than the {size_max_bytes // _COPY_BYTES:,} MiB that a model may have."
                raise NotLoadable([FieldProblem(field=_FIELD, message=message)])
            copy.write(chunk)
