"""A file is kept under a name that is no more than a name, on any system."""

from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interfaces.http.attachments import attachment

SEPARATORS = set('/\\:*?"<>|') | set(map(chr, range(32)))


def names_in(header: str) -> tuple[str, str]:
    """Return the name that old readers see, and that which others do, as the standard library reads both."""
    old, new = Message(), Message()
    plain, _, extended = header.partition("; filename*=")
    old["content-disposition"] = plain
    new["content-disposition"] = f"attachment; filename*={extended}" if extended else plain
    return str(old.get_filename()), str(new.get_filename())


@pytest.mark.parametrize(
    ("name", "said", "kept"),
    [
        ("customers", "customers.csv", "customers.csv"),
        ("customers.csv", "customers.csv", "customers.csv"),
        ("Customers.CSV", "Customers.csv", "Customers.csv"),
        ("customers by churn 1.0.0", "customers by churn 1.0.0.csv", "customers by churn 1.0.0.csv"),
        ("größe", "gr_e.csv", "größe.csv"),
        ("顧客", "_.csv", "顧客.csv"),
        ("50% off", "50_ off.csv", "50% off.csv"),
        ('a"b\\c', "a_b_c.csv", "a_b_c.csv"),
        ("..\\..\\evil.bat", "_.._evil.bat.csv", "_.._evil.bat.csv"),
        (".profile", "profile.csv", "profile.csv"),
        ("...", "dataset.csv", "dataset.csv"),
    ],
)
def test_the_name_is_that_of_what_it_holds(name: str, said: str, kept: str) -> None:
    assert names_in(attachment(name, suffix=".csv")) == (said, kept)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_text_gives_a_header_and_a_name_that_leads_nowhere(name: str) -> None:
    header = attachment(name, suffix=".parquet")
    assert header.isascii()
    assert header.isprintable()
    for each in names_in(header):
        assert not SEPARATORS & set(each)
        assert not each.startswith(".")
        assert each.endswith(".parquet")
        assert len(each.encode()) <= 255
