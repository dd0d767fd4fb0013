"""Models from elsewhere, each looked at by a process of its own.

A file can be made to end whatever reads it, or to have it take any amount of memory or time. Here that is the end
of the looking process, and a refusal.
"""

import hashlib
import logging
from pathlib import Path
from queue import Empty

from pydantic import ValidationError

from application.ports.artifacts import ArtifactStore, url_of
from application.ports.foreign_models import ForeignModel, KeptModel
from domain.errors import FieldProblem
from domain.models.errors import NotLoadable
from infrastructure.learning.artifact import canonical_json
from infrastructure.learning.foreign.fetching import fetch
from infrastructure.learning.foreign.protocol import ANSWER, MODULE, Accepted, Answer, Order, OutOfMemory, Refused
from infrastructure.learning.manifest import TREES, Manifest
from infrastructure.sources.allowed_urls import AllowedUrls
from infrastructure.system.ordered_process import Death, OrderedProcess

MIB = 1024 * 1024
SIZE_MAX_BYTES = 128 * MIB
MEMORY_MAX_BYTES = 2048 * MIB
PATIENCE_S = 120.0
"""For any model: the largest that is read takes half a minute."""

_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_FIELD = "artifact_url"

_log = logging.getLogger(__name__)


class CheckFailed(Exception):
    """The looking process broke on its own; whether the model is good is not known."""


class IsolatedForeignModels:
    """Takes LightGBM models as text from files below one directory, or below URLs.

    May be called from several threads at once.

    Args:
        artifacts: Keeps what is taken.
        allowed_root: That directory; None allows none.
        allowed_urls: Those URLs; none when not given.
        size_max_bytes: Larger ones are refused.
        memory_max_bytes: What one look may allocate.
        patience_s: How long it may take.
    """

    def __init__(
        self,
        *,
        artifacts: ArtifactStore,
        allowed_root: Path | None,
        allowed_urls: AllowedUrls | None = None,
        size_max_bytes: int = SIZE_MAX_BYTES,
        memory_max_bytes: int = MEMORY_MAX_BYTES,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._artifacts = artifacts
        self._allowed_root = allowed_root
        self._allowed_urls = allowed_urls or AllowedUrls()
        self._size_max_bytes = size_max_bytes
        self._memory_max_bytes = memory_max_bytes
        self._patience_s = patience_s

    def keep(self, model: ForeignModel) -> KeptModel:
        """Copy the model from where it lies, look at all of it, and keep it as an artifact.

        Raises:
            InvalidInput: The URL cannot be read from here.
            SourceUnavailable: It cannot be read now.
            NotLoadable: What lies there is no model that can be answered with, or not as it is said to be.
            CheckFailed: The process broke for a reason that does not lie in the model.
        """
        path, result = self._artifacts.incoming(), self._artifacts.incoming()
        try:
            fetch(
                model.url,
                path,
                allowed_root=self._allowed_root,
                allowed_urls=self._allowed_urls,
                size_max_bytes=self._size_max_bytes,
            )
            order = Order(path=path, model=model, result=result, memory_max_bytes=self._memory_max_bytes)
            artifact_url = self._kept(self._manifest(order), result)
            return KeptModel(artifact_url=artifact_url, source_sha256=_sha256(path))
        finally:
            for each in (path, result):
                each.unlink(missing_ok=True)

    def _manifest(self, order: Order) -> Manifest:
        with OrderedProcess(module=MODULE, order=order, environment=_ENVIRONMENT) as process:
            try:
                line = process.next_line(timeout_s=self._patience_s)
            except Empty:
                raise _not_loadable(f"it could not be read within {self._patience_s:,.0f} s") from None
            if line is None:
                raise self._failure(process.death())
        match _parse(line):
            case Accepted(manifest=manifest):
                return manifest
            case Refused(why=why, field=field) if field is not None:
                raise NotLoadable([FieldProblem(field=field, message=why)])
            case Refused(why=why):
                raise _not_loadable(why)
            case OutOfMemory():
                raise self._too_much()

    def _kept(self, manifest: Manifest, trees: Path) -> str:
        sha256 = _sha256(trees)
        if sha256 != manifest.parts[TREES].sha256:
            msg = "The looking process wrote other trees than it says."
            raise CheckFailed(msg)
        self._artifacts.adopt(trees, sha256)
        return url_of(self._artifacts.put(canonical_json(manifest.model_dump(mode="json"))))

    def _failure(self, death: Death) -> Exception:
        if death.status >= 0:
            return CheckFailed(f"The looking process {death}. Its last words: {death.last_words}")
        # for the operator: last words name paths of this machine
        _log.warning("a process that looked at a model %s; its last words: %s", death, death.last_words)
        return self._too_much()

    def _too_much(self) -> NotLoadable:
        allowed = f"{self._memory_max_bytes // MIB:,} MiB"
        return _not_loadable(f"it is damaged, or takes more memory to read than the {allowed} allowed")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _not_loadable(why: str) -> NotLoadable:
    message = f"leads to no LightGBM model that can be answered with: {why}. Save it by Booster.save_model()."
    return NotLoadable([FieldProblem(field=_FIELD, message=message)])


def _parse(line: bytes) -> Answer:
    try:
        return ANSWER.validate_json(line)
    except ValidationError as error:
        msg = f"The looking process wrote what cannot be read: {line[:200]!r}."
        raise CheckFailed(msg) from error
