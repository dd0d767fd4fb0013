import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.health.addresses import shown

SECRETS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=12, max_size=30)


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("nats://token@127.0.0.1:4222", "nats://127.0.0.1:4222"),
        ("nats://a:b@one:4222,nats://c:d@two:4222", "nats://one:4222,nats://two:4222"),
        ("postgresql://u:p%40w@db:5432/ml?sslpassword=x", "postgresql://db:5432/ml"),
        ("postgresql://u:p,w@one,two:5433/ml", "postgresql://one,two:5433/ml"),
        ("postgresql:///ml?host=/run/postgresql&password=x", "postgresql:///ml?host=/run/postgresql"),
        ("sqlite:///home/of a/events.db", "sqlite:///home/of a/events.db"),
        ("postgresql://u:p/w@db/ml", "postgresql://"),
        ("u:p@db", ""),
    ],
)
def test_an_address_shows_where_and_not_by_which_secret(url: str, seen: str) -> None:
    assert shown(url) == seen


@given(SECRETS, st.sampled_from(["/", "#", ",", ":", "%40", "", "@", "?"]))
def test_no_part_of_a_secret_is_shown_however_it_was_written(secret: str, between: str) -> None:
    written = f"{secret}{between}{secret}"
    for url in (f"nats://{written}@host:4222", f"nats://user:{written}@host:4222/x?password={secret}"):
        assert secret not in shown(url)
