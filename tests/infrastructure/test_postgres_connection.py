import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from infrastructure.event_store.settings import postgres_environment
from infrastructure.operation import operation_engine
from infrastructure.postgres_connection import DatabaseURLInvalid, connect, conninfo


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://me:pw@host:5433/events", {"user": "me", "password": "pw", "host": "host", "port": "5433"}),
        ("postgres://host", {"host": "host"}),
        ("postgresql://me:p%40s%2Fs%3F%23%25@host/e", {"password": "p@s/s?#%", "dbname": "e"}),
        ("postgresql://me:p?s@host/e", {"password": "p?s", "host": "host"}),
        ("postgresql:///events?host=/run/postgresql", {"host": "/run/postgresql", "dbname": "events"}),
        ("postgresql:///events?host=@abstract", {"host": "@abstract"}),
        ("postgresql://a:1,b:2/e?target_session_attrs=read-write", {"host": "a,b", "port": "1,2"}),
        (
            "postgresql://[::1]/e?sslmode=verify-full&sslrootcert=/ca.pem",
            {"host": "::1", "sslmode": "verify-full"},
        ),
        ("postgresql://h/e?application_name=mine", {"application_name": "mine"}),
    ],
)
def test_every_option_of_a_url_is_kept(url: str, expected: dict[str, str]) -> None:
    options = conninfo_to_dict(conninfo(url))
    assert expected.items() <= options.items()


def test_a_peer_that_is_gone_is_noticed_unless_the_url_says_when() -> None:
    assert conninfo_to_dict(conninfo("postgresql://host/e"))["connect_timeout"] == "3"
    assert conninfo_to_dict(conninfo("postgresql://host/e?connect_timeout=30"))["connect_timeout"] == "30"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "s3cret",
        "sqlite:///s3cret.db",
        "postgresql+psycopg://me:s3cret@host/e",
        "host=h password=s3cret",
        "postgresql://me:s3@cret@host/e",
        "postgresql://me:s3/cret@host/e",
        "postgresql://me:12/s3cret@host/e",
        "postgresql://me:s3?x@cret@host/e",
        "postgresql://me:s3cret%zz@host/e",
        "postgresql://me:s3cret@host:port/e",
        "postgresql://me:s3cret@host/e?nosuchoption=1",
        "postgresql://me:s3cret@host/e?sslmode",
        "postgresql://me:s3cret\0@host/e",
    ],
)
@pytest.mark.parametrize("use", [conninfo, postgres_environment, operation_engine])
def test_a_url_of_another_form_is_refused_and_not_repeated(url: str, use) -> None:
    with pytest.raises(DatabaseURLInvalid, match="It looks like postgresql://") as raised:
        use(url)
    for part in ("s3", "cret"):
        assert part not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_a_server_that_is_not_there_is_said_with_what_to_look_at(tmp_path) -> None:
    with pytest.raises(psycopg.OperationalError, match="see that it runs") as raised:
        connect(conninfo(f"postgresql://me:s3cret@/e?host={tmp_path}"))
    assert "s3cret" not in str(raised.value)


def test_text_is_utf_8_whatever_the_process_is_set_to(postgres_url: str, monkeypatch) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with connect(conninfo(postgres_url)) as connection:
        assert connection.execute("SELECT 'é😀'").fetchone() == ("é😀",)
