"""A form is taken apart the same however its bytes arrive, and nothing that is no such form passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from interfaces.http.forms import TEXT_MAX_BYTES, FilePart, Form
from interfaces.http.problems import MalformedForm

CONTENT_TYPE = "multipart/form-data; boundary=xyz"
FILE = 'Content-Disposition: form-data; name="file"; filename="größe.csv"\r\nContent-Type: Text/CSV; x=1'.encode()


def part(headers, content):
    return b"--xyz\r\n" + headers + b"\r\n\r\n" + content + b"\r\n"


def text_part(name, content):
    return part(b'Content-Disposition: form-data; name="' + name + b'"', content)


def a_form():
    return Form(content_type=CONTENT_TYPE, texts=("name", "target"), file="file")


def fed(*chunks):
    form = a_form()
    content = b"".join(form.feed(chunk) for chunk in chunks)
    form.finish()
    return form, content


@given(st.binary(max_size=60).filter(lambda content: b"\r\n--xyz" not in content), st.integers(1, 20))
def test_a_form_is_read_the_same_in_whatever_pieces_it_comes(content, size):
    body = text_part(b"name", b"customers") + part(FILE, content) + text_part(b"target", b"") + b"--xyz--\r\n"
    form, found = fed(*(body[start : start + size] for start in range(0, len(body), size)))
    assert found == content
    assert form.fields == {"name": "customers", "target": ""}
    assert form.file == FilePart(filename="größe.csv", media_type="text/csv")


@pytest.mark.parametrize(
    ("said", "filename"),
    [
        (b"filename*=UTF-8''gr%C3%B6%C3%9Fe.csv", "größe.csv"),
        (b"filename* = utf-8'de'a.pq", "a.pq"),
        (b"filename=\"plain.csv\"; filename*=UTF-8''other.csv", "plain.csv"),
        (b"filename*=iso-8859-1''a.csv", ""),
    ],
)
def test_a_files_name_may_be_said_in_the_extended_form(said, filename):
    disposition = b'Content-Disposition: form-data; name="file"; ' + said
    form, _ = fed(part(disposition, b"a,b") + b"--xyz--\r\n")
    assert form.file == FilePart(filename=filename, media_type="")


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_form_or_refused(body):
    with pytest.raises((MalformedForm, InvalidInput)):
        fed(body)


@pytest.mark.parametrize(
    "body",
    [b"", b"--xyz", part(FILE, b"a,b"), text_part(b"name", b"x") + b"--xyz", b"--abc\r\n\r\n--abc--"],
)
def test_a_form_that_ends_too_early_is_refused(body):
    with pytest.raises(MalformedForm):
        fed(body)


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=" + "x" * 10_000])
def test_a_form_without_a_boundary_that_can_be_one_is_refused(content_type):
    with pytest.raises(MalformedForm):
        Form(content_type=content_type, texts=(), file="file")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (text_part(b"nam", b"x"), "nam"),
        (text_part(b"name", b"x") * 2, "name"),
        (part(FILE, b"a") * 2, "file"),
        (text_part(b"name", b"\xff"), "name"),
        (text_part(b"name", b"x" * (TEXT_MAX_BYTES + 1)), "name"),
        (part(b"Content-Type: text/csv", b"a"), "body"),
    ],
)
def test_a_field_that_cannot_be_is_refused(body, field):
    with pytest.raises(InvalidInput) as raised:
        fed(body + b"--xyz--\r\n")
    assert raised.value.problems[0].field == field
