"""Which URLs the service may read from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.sources.allowed_urls import AllowedUrls, SourceUrlsInvalid, is_remote

ALLOWED = AllowedUrls.of(" https://models.example.org/lab, s3://landing/tables/ ,gs://whole-bucket")


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://models.example.org/lab/churn.txt", "https://models.example.org/lab/churn.txt"),
        ("HTTPS://Models.Example.org/lab/Churn.txt", "https://models.example.org/lab/Churn.txt"),
        ("s3://landing/tables/year=2031/part-0.parquet", "s3://landing/tables/year=2031/part-0.parquet"),
        ("gs://whole-bucket/a.csv", "gs://whole-bucket/a.csv"),
    ],
)
def test_what_lies_below_is_allowed(url: str, normal: str) -> None:
    assert ALLOWED.allowed(url) == normal


@pytest.mark.parametrize(
    "url",
    [
        "https://models.example.org/laboratory/churn.txt",
        "https://models.example.org/lab",
        "https://models.example.org.evil.example/lab/churn.txt",
        "https://models.example.org:8443/lab/churn.txt",
        "https://models.example.org@evil.example/lab/churn.txt",
        "https://evil.example\\@models.example.org/lab/churn.txt",
        "https://me:secret@models.example.org/lab/churn.txt",
        "http://models.example.org/lab/churn.txt",
        "https://models.example.org/lab/../secret.txt",
        "https://models.example.org/lab/%2e%2e/secret.txt",
        "https://models.example.org/lab/..",
        "https://models.example.org/lab/./churn.txt",
        "https://models.example.org//lab/churn.txt",
        "https://models.example.org/lab/churn.txt?version=2",
        "https://models.example.org/lab/churn.txt#here",
        "https://models.example.org/lab/churn .txt",
        "https://models.example.org/lab/churn.txt\n",
        "https://models.example.org/lab/\x00",
        "https://models.example.org/lab/größe.txt",
        "s3://landing/tables-of-others/a.csv",
        "s3://landing/tables/*.csv",
        "s3://landing/tables/a::b.csv",
        "gs://whole-bucket-of-others/a.csv",
        "simplecache::s3://landing/tables/a.csv",
        "file:///etc/passwd",
        "/etc/passwd",
        "",
    ],
)
def test_what_leads_or_could_lead_elsewhere_is_not(url: str) -> None:
    assert ALLOWED.allowed(url) is None


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("http://[::1]:8000/a.csv", "http://[::1]:8000/a.csv"),
        ("HTTP://[0:0::0001]:8000/a.csv", "http://[::1]:8000/a.csv"),
        ("http://[::1]/a.csv", None),
        ("http://[::1]:8001/a.csv", None),
        ("http://[::2]:8000/a.csv", None),
        ("http://[::1]:8000.evil.example/a.csv", None),
        ("http://[::1]evil.example:8000/a.csv", None),
        ("http://[::1%25eth0]:8000/a.csv", None),
        ("http://[::1]:8000/a::b.csv", None),
        ("http://[::1:8000/a.csv", None),
        ("http://[:::1]:8000/a.csv", None),
        ("http://[]:8000/a.csv", None),
        ("http://::1:8000/a.csv", None),
        ("s3://[::1]:8000/a.csv", None),
    ],
)
def test_a_host_may_be_a_number_of_ipv6_in_whatever_spelling(url: str, normal: str | None) -> None:
    assert AllowedUrls.of("http://[0::1]:8000").allowed(url) == normal


@given(st.text())
def test_nothing_is_allowed_where_nothing_is_named(url: str) -> None:
    assert AllowedUrls.of(None).allowed(f"https://{url}") is None
    assert AllowedUrls.of(" , ").allowed(url) is None


@given(st.text(alphabet="abc/.%@:?#\\\\ *", max_size=30))
def test_whatever_is_written_behind_stays_below(rest: str) -> None:
    normal = ALLOWED.allowed(f"s3://landing/tables/{rest}")
    assert normal is None or ".." not in normal.split("/")


@pytest.mark.parametrize(
    "text",
    [
        "https://",
        "ftp://host/",
        "host/path",
        "https://a/?q=1",
        "s3://bucket/../other",
        "https://u:p@host/",
        "http://[::1/",
        "s3://[::1]/",
    ],
)
def test_an_operator_is_told_of_what_cannot_be_meant(text: str) -> None:
    with pytest.raises(SourceUrlsInvalid, match=r"ML_SERVICE_SOURCE_URLS: .* is no URL"):
        AllowedUrls.of(f"https://good.example/,{text}")


def test_a_password_that_an_operator_wrote_into_a_url_is_not_repeated() -> None:
    with pytest.raises(SourceUrlsInvalid, match="number 2 is no URL") as refused:
        AllowedUrls.of("https://good.example/,https://me:secret@good.example/")
    assert "secret" not in str(refused.value)


def test_files_of_this_machine_are_not_asked_of_another() -> None:
    assert not any(map(is_remote, ("a.csv", "/a.csv", "file:///a.csv", "ftp://host/a.csv", "C:\\a.csv")))
    assert is_remote("HTTPS://host/a.csv")
