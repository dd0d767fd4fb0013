"""What nothing refers to goes, and nothing else, whatever happens meanwhile."""

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from application.ports.artifacts import ArtifactStoreUnreachable, ArtifactUnavailable
from infrastructure.artifacts import remote_files
from infrastructure.artifacts.collecting import ArtifactsOfAnother, Collection, collect
from infrastructure.artifacts.local import place_of
from infrastructure.artifacts.opening import artifacts_at
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.artifacts.references import LogNotUnderstood
from infrastructure.artifacts.remote_files import RemoteFiles
from infrastructure.artifacts.remote_waste import RemoteWaste
from infrastructure.artifacts.waste import waste_at
from tests.infrastructure.artifacts.logs import InMemoryLog
from tests.support.examples import examples

NOW = datetime(2031, 3, 1, tzinfo=UTC)
LIMIT = timedelta(days=7)
LONG_AGO = NOW - timedelta(days=30)


class Kept:
    """A store, of which one can say when something was kept."""

    def __init__(self, place: ArtifactPlace) -> None:
        self.place = place
        self.artifacts = artifacts_at(place)

    def put(self, content: bytes, *, at: datetime = LONG_AGO) -> str:
        name = self.artifacts.put(content)
        if self.place.url is None:
            os.utime(self.place.root / place_of(name), (at.timestamp(), at.timestamp()))
        else:
            root = self.place.url.removeprefix("memory:/")
            MemoryFileSystem.store[f"{root}/{place_of(name)}"].created = at
        return name

    def has(self, name: str) -> bool:
        try:
            self.artifacts.require(name)
        except ArtifactUnavailable:
            return False
        return True


@pytest.fixture(params=["a directory", "an object store"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    is_remote = request.param == "an object store"
    return Kept(ArtifactPlace(root=tmp_path / "root", url=f"memory://{tmp_path.name}" if is_remote else None))


@pytest.fixture
def a_log(kept: Kept) -> InMemoryLog:
    """A log, and a version's manifest that names its body, with its report."""
    log = InMemoryLog()
    body = kept.put(b"tree")
    manifest = kept.put(b'{"parts": {"trees": {"sha256": "%s"}}}' % body.encode())
    log.append(f"artifact:{manifest}")
    return log


def collected(kept: Kept, log: InMemoryLog, *, is_dry_run: bool = False, now: datetime = NOW) -> Collection:
    return collect(log, waste_at(kept.place), before=now - LIMIT, is_dry_run=is_dry_run, on_step=lambda *_: None)


def names(found: Collection) -> set[str]:
    return {each.name for each in found.removed}


def test_what_nothing_refers_to_goes_when_it_is_old(kept: Kept, a_log: InMemoryLog) -> None:
    waste, young = kept.put(b"waste"), kept.put(b"young", at=NOW - LIMIT + timedelta(minutes=1))

    told = collected(kept, a_log, is_dry_run=True)
    assert kept.has(waste)
    done = collected(kept, a_log)

    assert names(told) == names(done) == {waste}
    assert (done.lying, done.removed[0].size_bytes) == (4, 5)
    assert (kept.has(waste), kept.has(young)) == (False, True)
    assert names(collected(kept, a_log)) == set()


def test_what_a_document_names_that_an_event_names_stays(kept: Kept, a_log: InMemoryLog) -> None:
    """However long the way is, and however large the documents are."""
    plot = kept.put(b"plot")
    report = kept.put(b'["%s", "%s"]' % (b" " * (64 * 1024 - 30), plot.encode()))
    a_log.append(kept.put(b'{"report": "artifact:%s"}' % report.encode()))
    dataset = kept.put(b"a,b")
    a_log.append("sha256", dataset, topic="training-job.failed.v1")

    assert names(collected(kept, a_log)) == set()


@pytest.mark.parametrize(
    "unreadable",
    [
        lambda log: log.append(topic="model.of-a-newer-program.v1"),
        lambda log: log.rows.append((2, b"0" * 32, 1, b"training-job.failed.v1", b"{}", True)),
        lambda log: log.rows.append((2, b"", 1, b"", b"", False)),
    ],
    ids=["unknown", "of another shape", "damaged"],
)
def test_nothing_goes_while_an_event_cannot_be_read(
    kept: Kept, a_log: InMemoryLog, unreadable: Callable[[InMemoryLog], None]
) -> None:
    waste = kept.put(b"waste")
    unreadable(a_log)

    with pytest.raises(LogNotUnderstood, match="position 2: the event"):
        collected(kept, a_log)
    assert kept.has(waste)


def test_nothing_goes_that_could_be_anothers(kept: Kept) -> None:
    other = kept.put(b"of another service")
    log = InMemoryLog()
    log.append("artifact:" + "ab" * 32)

    with pytest.raises(ArtifactsOfAnother, match="--artifacts"):
        collected(kept, log)
    assert kept.has(other)


def test_what_a_killed_collection_had_aside_is_put_back(kept: Kept, a_log: InMemoryLog) -> None:
    name = kept.put(b"referred to when it was aside")
    assert waste_at(kept.place).set_aside(name, before=NOW)
    assert not kept.has(name)
    a_log.append(name)

    collected(kept, a_log)
    assert kept.has(name)
    assert list(waste_at(kept.place).aside()) == []


def test_what_was_left_half_written_goes(kept: Kept, a_log: InMemoryLog) -> None:
    if kept.place.url is None:
        left = kept.artifacts.incoming()
        left.write_bytes(b"hal")
        os.utime(left, (0, 0))
        collected(kept, a_log)
        assert not left.exists()
    else:
        path = f"{kept.place.url.removeprefix('memory:/')}/incoming/trial"
        MemoryFileSystem().pipe_file(path, b"trial")
        MemoryFileSystem.store[path].created = LONG_AGO
        collected(kept, a_log)
        assert path not in MemoryFileSystem.store


class Interrupted:
    """A store whose collection is interrupted before each thing that it does."""

    def __init__(self, store: Any, interrupt: Callable[[], None]) -> None:
        self._store = store
        self._interrupt = interrupt

    def __getattr__(self, name: str) -> Any:
        self._interrupt()
        return getattr(self._store, name)


def test_what_is_referred_to_at_the_last_moment_is_put_back(kept: Kept, a_log: InMemoryLog) -> None:
    """Even if it was kept so long ago that nobody could know."""
    name = kept.put(b"of a job that slept for a month")

    def on_step(what: str, *_: object) -> None:
        if what == "reading the log again":
            assert not kept.has(name)
            a_log.append(name)

    found = collect(a_log, waste_at(kept.place), before=NOW - LIMIT, is_dry_run=False, on_step=on_step)
    assert names(found) == set()
    assert kept.has(name)


def test_who_keeps_an_object_between_the_last_look_at_it_and_its_removal_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_files, "_ASIDE_WITHIN_S", 0.0)
    kept = Kept(ArtifactPlace(root=tmp_path / "root", url=f"memory://{tmp_path.name}"))
    log, name = InMemoryLog(), kept.put(b"waste")
    log.append("artifact:" + kept.put(b"not waste"))
    refused = []

    class Late(RemoteFiles):
        def remove(self, path: str) -> None:
            if path == place_of(name):
                with pytest.raises(ArtifactStoreUnreachable, match="try again"):
                    kept.put(b"waste")
                refused.append(path)
            super().remove(path)

    assert kept.place.url is not None
    waste = RemoteWaste(Late(kept.place.url))
    collect(log, waste, before=NOW - LIMIT, is_dry_run=False, on_step=lambda *_: None)
    assert refused
    assert kept.put(b"waste") == name


def test_what_is_kept_between_the_look_at_its_age_and_the_rename_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(ArtifactPlace(root=tmp_path / "root"))
    name, rename = kept.put(b"waste"), Path.rename

    def late(path: Path, target: Path) -> Path:
        kept.put(b"waste", at=NOW)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)
    assert not waste_at(kept.place).set_aside(name, before=NOW - LIMIT)
    assert kept.has(name)
    assert not list(waste_at(kept.place).aside())


def test_what_is_kept_between_the_copy_and_the_last_look_at_its_age_stays(tmp_path: Path) -> None:
    kept = Kept(ArtifactPlace(root=tmp_path / "root", url=f"memory://{tmp_path.name}"))
    name = kept.put(b"waste")

    class Late(RemoteFiles):
        def copy(self, path: str, target: str) -> None:
            super().copy(path, target)
            MemoryFileSystem.store[f"/{tmp_path.name}/{path}"].created = NOW  # as by who keeps it

    waste = RemoteWaste(Late(f"memory://{tmp_path.name}"))
    assert not waste.set_aside(name, before=NOW - LIMIT)
    assert kept.has(name)
    assert not list(waste.aside())


def test_who_keeps_an_object_that_a_collection_removes_after_that_sends_it_again(tmp_path: Path) -> None:
    """The collection has looked at its age before, and is through when the sender looks."""
    (tmp_path / "file").write_bytes(b"waste")
    name = hashlib.sha256(b"waste").hexdigest()

    class Collected(RemoteFiles):
        is_removed = False

        def has(self, path: str) -> bool:
            if not self.is_removed:
                self.is_removed = True
                self.remove(place_of(name))
            return super().has(path)

    files = Collected(f"memory://{tmp_path.name}")
    files.send(tmp_path / "file", name)
    assert files.is_removed
    assert list(files.names()) == [name]


class Collecting(RuleBasedStateMachine):
    """Whatever is kept, referred to and collected, in whatever order: what is referred to is there.

    Who refers to something has kept it within the limit: a job or an upload that takes longer than that is dead.
    """

    is_remote = False

    def __init__(self) -> None:
        super().__init__()
        self._directory = TemporaryDirectory()
        url = f"memory://{Path(self._directory.name).name}" if self.is_remote else None
        self.kept = Kept(ArtifactPlace(root=Path(self._directory.name), url=url, cache_bytes=0))
        self.log = InMemoryLog()
        self.now = NOW
        self.kept_at: dict[str, datetime] = {}
        self.referred: set[str] = set()
        self.keep(0)
        self.refer(0)

    def teardown(self) -> None:
        self._directory.cleanup()

    @rule(number=st.integers(0, 5))
    def keep(self, number: int) -> None:
        try:
            name = self.kept.put(b"%d" % number, at=self.now)
        except ArtifactStoreUnreachable:  # it is aside at this moment, and nobody was told that it is kept
            return
        self.kept_at[name] = self.now

    @rule(number=st.integers(0, 5))
    def keep_document(self, number: int) -> None:
        if self.kept_at:
            inner = sorted(self.kept_at)[number % len(self.kept_at)]
            if self.kept_at[inner] > self.now - LIMIT:
                try:
                    name = self.kept.put(b'{"names": "%s"}' % inner.encode(), at=self.now)
                except ArtifactStoreUnreachable:
                    return
                self.kept_at[name] = self.kept_at[inner]

    @rule(number=st.integers(0, 20))
    def refer(self, number: int) -> None:
        young = sorted(name for name, at in self.kept_at.items() if at > self.now - LIMIT)
        if young:
            name = young[number % len(young)]
            self.log.append(f"artifact:{name}")
            self.referred.add(name)

    @rule(days=st.integers(1, 9))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(
        meanwhile=st.lists(
            st.tuples(st.sampled_from(["keep", "refer", "keep_document", ""]), st.integers(0, 5)), max_size=12
        )
    )
    def collect(self, meanwhile: list[tuple[str, int]]) -> None:
        events = iter(meanwhile)

        def interrupt() -> None:
            what, number = next(events, ("", 0))
            if what:
                getattr(self, what)(number)

        store: Any
        if self.kept.place.url is None:
            store = Interrupted(waste_at(self.kept.place), interrupt)
        else:  # between any two requests
            files: Any = Interrupted(RemoteFiles(self.kept.place.url), interrupt)
            store = RemoteWaste(files)
        collect(self.log, store, before=self.now - LIMIT, is_dry_run=False, on_step=lambda *_: None)

    @invariant()
    def what_is_referred_to_is_there(self) -> None:
        assert all(map(self.kept.has, self.referred))
        assert not any(True for _ in waste_at(self.kept.place).aside())


class CollectingElsewhere(Collecting):
    """The same in an object store."""

    is_remote = True


@pytest.mark.hypothesis
@pytest.mark.parametrize("machine", [Collecting, CollectingElsewhere])
def test_collections_never_lose_what_is_referred_to(
    machine: type[Collecting], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_files, "_ASIDE_WITHIN_S", 0.0)
    run_state_machine_as_test(machine, settings=settings(max_examples=examples(15), stateful_step_count=25))
