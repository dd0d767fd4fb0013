"""The report on a version, for programs and for people."""

from html.parser import HTMLParser

import pytest

from application.ports.artifacts import url_of
from application.reports.views import Report
from interfaces.http.accepted_types import preferred_type
from tests.support.events import TRAINED
from tests.support.reports import HOSTILE, REPORT
from tests.support.trainings import trained_version

PATH = "/models/churn/versions/1.0.0/report"


class Page(HTMLParser):
    """Reads a page, and fails where a tag is closed that is not the one that is open."""

    VOID = ("meta",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def a_reported_version(api, a_model, a_dataset):
    kept = url_of(api.service.artifacts.put(REPORT.model_dump_json().encode()))
    return trained_version(api, trained=TRAINED.model_copy(update={"report_url": kept}))


def test_a_report_is_told_as_it_was_made(api, a_reported_version):
    response = api.get(PATH)

    assert response.status_code == 200, response.text
    assert Report.model_validate(response.json()) == REPORT
    assert response.headers["content-type"] == "application/json"
    assert response.headers["vary"] == "accept"


def test_a_reader_that_has_the_report_is_not_sent_it_again(api, a_reported_version):
    tag = api.get(PATH).headers["etag"]

    assert api.get(PATH, headers={"if-none-match": tag}).status_code == 304
    assert api.get(PATH, headers={"if-none-match": tag, "accept": "text/html"}).status_code == 200


def test_the_page_is_whole_and_nothing_in_it_is_executed(api, a_reported_version):
    response = api.get(PATH, headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    page = Page(response.text)
    assert "script" not in page.tags
    assert {"svg", "polyline", "rect", "table", "style"} <= page.tags
    text = " ".join(page.words)
    assert text.count(HOSTILE) >= 7
    for heading in ("Metrics", "In production", "ROC", "Calibration", "Error by horizon", "Residuals", "Slices"):
        assert heading in text


@pytest.mark.parametrize("trained_elsewhere", [True, False])
def test_a_version_without_a_report_says_so(api, a_model, a_dataset, trained_elsewhere):
    if trained_elsewhere:
        api.add_version(a_model, auc=0.9)
    else:
        trained_version(api)

    response = api.get(PATH)

    assert (response.status_code, response.json()["error_code"]) == (404, "version.no-report")


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ([], "application/json"),
        (["*/*"], "application/json"),
        (["text/html"], "text/html"),
        (["text/*;q=0.5, application/json;q=0.4"], "text/html"),
        (["text/html;q=0.4", "*/*"], "application/json"),
        (["text/html;q=0, */*;q=0.1"], "application/json"),
        (["TEXT/HTML; q=nonsense"], "text/html"),
        (["image/png"], "application/json"),
    ],
)
def test_the_form_is_the_one_that_the_reader_likes_best(accepted, expected):
    assert preferred_type(accepted, ("application/json", "text/html")) == expected
