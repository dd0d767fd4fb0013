from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing.application import Application

from domain.kernel import DomainEvent
from infrastructure.event_store.mapper import EventMapper
from infrastructure.event_store.settings import postgres_environment, sqlite_environment
from tests.infrastructure.event_store.stores import Place, Recorder, environment
from tests.support import events


@pytest.mark.parametrize(
    "directory", ["plain", "with space", "what?now=1", "a#b", "100%25", "é", ":memory:", "mode=memory&x", "a+b;c"]
)
def test_an_application_stores_its_events_in_the_file_it_was_given(tmp_path: Path, directory: str) -> None:
    path = tmp_path / directory / "events.db"
    path.parent.mkdir()
    with Application[UUID](sqlite_environment(path)) as application:
        application.save(events.model_registered(), events.model_name_reserved())
    assert path.stat().st_size > 0
    with Application[UUID](sqlite_environment(path)) as application:
        assert list(application.events.get(events.MODEL_ID)) == [events.model_registered()]
        assert application.recorder.max_notification_id() == 2


def test_a_relative_path_stays_where_it_was_when_the_process_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environment = sqlite_environment(Path("events.db"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with Application[UUID](environment):
        assert (tmp_path / "events.db").exists()


def test_an_application_stores_its_events_in_the_database_it_was_given(postgres_url: str) -> None:
    with Application[UUID](postgres_environment(postgres_url)) as application:
        application.save(events.model_registered(), events.model_name_reserved())
    with Application[UUID](postgres_environment(postgres_url)) as application:
        assert list(application.events.get(events.MODEL_ID)) == [events.model_registered()]
        assert application.recorder.max_notification_id() == 2


def test_variables_of_the_process_change_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in environment(place):
        monkeypatch.setenv(name, "nonsense")
    with Application[UUID](environment(place)) as application:
        assert isinstance(application.mapper, EventMapper)
        assert isinstance(application.recorder, Recorder)
        assert application.mapper.cipher is None
        assert application.mapper.compressor is None
        assert application.snapshots is None


def test_an_aggregate_is_kept_in_memory_without_being_copied(tmp_path: Path) -> None:
    with Application[UUID](sqlite_environment(tmp_path / "events.db", aggregate_cache_maxsize=3)) as application:
        assert application.repository.cache is not None
        assert application.repository.deepcopy_from_cache is False
        assert application.repository.fastforward is True


def test_the_compressor_of_the_library_can_be_asked_for(tmp_path: Path) -> None:
    environment = sqlite_environment(tmp_path / "events.db") | {
        "COMPRESSOR_TOPIC": "eventsourcing.compressor:ZlibCompressor"
    }
    event: DomainEvent = events.model_registered(metadata={"text": "a" * 5000})
    with Application[UUID](environment) as application:
        recording = application.save(event)[0]
        assert len(recording.notification.state) < 1000
        assert list(application.events.get(event.originator_id)) == [event]
