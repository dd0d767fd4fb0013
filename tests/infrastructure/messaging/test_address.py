"""What an operator may write as the address of NATS, and what is understood."""

from pathlib import Path

import pytest

from application.integration.channels import Proof
from infrastructure.messaging.address import Login, NatsAddress, NatsAddressInvalid


@pytest.mark.parametrize(
    ("url", "servers", "login"),
    [
        ("nats://localhost", ("nats://localhost:4222",), Login()),
        ("tls://t0ken@nats.example:4443/", ("tls://nats.example:4443",), Login(token="t0ken")),
        ("nats://ml:p%40ss%2Fword@[::1]", ("nats://[::1]:4222",), Login(user="ml", password="p@ss/word")),
        ("nats://a:1, nats://t@b:2", ("nats://a:1", "nats://b:2"), Login(token="t")),
        ("nats://ml:@a:1", ("nats://a:1",), Login(user="ml", password="")),
    ],
)
def test_a_url_names_servers_and_the_one_login_for_all(url: str, servers: tuple[str, ...], login: Login) -> None:
    address = NatsAddress(url=url)

    assert address.servers == servers
    assert address.login == login


@pytest.mark.parametrize(
    ("url", "files", "proof"),
    [
        ("nats://a", {}, None),
        ("nats://t@a", {}, Proof.TOKEN),
        ("nats://u:p@a", {"tls_ca": "ca.pem"}, Proof.USER),
        ("nats://t@a", {"credentials": "ml.creds"}, Proof.CREDENTIALS),
        ("tls://a", {"tls_certificate": "ml.pem"}, Proof.CERTIFICATE),
    ],
)
def test_what_is_shown_to_the_servers_is_known(url: str, files: dict[str, str], proof: Proof | None) -> None:
    paths = {name: Path(each) for name, each in files.items()}
    assert NatsAddress.model_validate({"url": url, **paths}).proof is proof


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:4222",
        "http://s3cret@localhost",
        "nats://",
        "nats://s3cret@",
        "nats://s3cret@host:port",
        "nats://s3cret@host:0",
        "nats://s3cret@host:99999",
        "nats://s3cret@host/path",
        "nats://s3cret@host?tls=1",
        "nats://s3cret@[::1",
        "nats://a,",
        "nats://a,nats://s3cret@",
    ],
)
def test_another_form_is_refused_without_a_word_of_its_secrets(url: str) -> None:
    with pytest.raises(NatsAddressInvalid) as refused:
        NatsAddress(url=url)

    assert "s3cret" not in str(refused.value)


def test_an_address_shows_no_secrets() -> None:
    address = NatsAddress(url="nats://ml:s3cret@host")

    assert "s3cret" not in f"{address!r} {address} {address.servers} {address.login!r}"


def test_a_key_without_its_certificate_is_refused() -> None:
    with pytest.raises(NatsAddressInvalid):
        NatsAddress(url="nats://host", tls_key=Path("key.pem"))
