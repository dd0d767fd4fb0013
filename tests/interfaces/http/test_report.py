"""The report on a version, for programs and for people."""

import re
from html.parser import HTMLParser

import pytest

from application.ports.artifacts import url_of
from application.reports.views import Difference, Importance, Report, Residuals
from interfaces.http.accepted_types import preferred_type
from interfaces.http.report_page import figures, words
from interfaces.http.report_page.page import report_page
from tests.support.events import TRAINED
from tests.support.reports import HOSTILE, OF_CLUSTERS, REPORT
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
    assert "None" not in text
    for heading in ("Metrics", "In production", "ROC", "Calibration", "Error by horizon", "Residuals", "Slices"):
        assert heading in text


def page_of(report: Report) -> str:
    return " ".join(" ".join(Page(report_page(report, model="visits", version="2.0.0")).words).split())


def test_a_clustering_is_told_in_words_that_a_stranger_knows():
    text = page_of(OF_CLUSTERS)

    assert text.count(HOSTILE) == 5
    assert "None" not in text
    for told in (
        "A clustering of 30 rows into 2 clusters.",
        "Silhouettes are of 20 of the rows, drawn at random.",
        "0.5123 0.4900 to 0.5300 0.0000",
        "▲ better",
        "adjusted Rand index is 0.7000 (0.6000 to 0.8000)",
        "The clusters explain 62.5 % of how far rows lie from their mean.",
        "as many clusters still have one of 0.21 on average",
        "60.0 %, 25.0 % missing",
        "20.0 % true",
        "2024-05-06",
        "– 100.0 % missing",
        "The best of them was chosen: 2.",
    ):
        assert told in text
    assert "▼ worse" not in text


@pytest.mark.parametrize(
    ("name", "low", "high", "verdict"),
    [
        ("auc", 0.01, 0.02, "▲ better"),
        ("auc", -0.02, -0.01, "▼ worse"),
        ("rmse", -0.02, -0.01, "▲ better"),
        ("rmse", -0.01, 0.02, "≈ perhaps the same"),
        ("auc", None, None, ""),
        ("inertia", 0.01, 0.02, ""),
        ("of its own", 0.01, 0.02, ""),
    ],
)
def test_a_difference_is_for_the_better_only_as_far_as_its_interval_tells(name, low, high, verdict):
    middle = 0.015 if low is None else (low + high) / 2
    found = Difference(name=name, value=1.0, production=1.0 - middle, difference=middle, low=low, high=high)

    assert re.sub("<[^>]*>", "", figures.verdict(found)) == verdict


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([0.86501, -0.00691, None], ["0.8650", "\N{MINUS SIGN}0.0069", ""]),
        ([81.736, 77.7, 1410.3], ["81.74", "77.70", "1,410.30"]),
        ([61_182.4, -1.0], ["61,182", "\N{MINUS SIGN}1"]),
        ([0.0, 0.0], ["0.000", "0.000"]),
        ([0.5, -0.00001], ["0.5000", "0.0000"]),
        ([0.000012345, 1.0961], ["1.234e\N{MINUS SIGN}05", "1.096"]),
        ([1.5e300], ["1.5e+300"]),
        ([0.5, 1e300], ["0.5000", "1e+300"]),
    ],
)
def test_numbers_that_are_compared_have_as_many_decimals_as_the_first_needs(values, told):
    assert words.numbers(values) == told


def test_a_report_of_the_first_release_that_made_some_is_a_page_still():
    was = REPORT.model_dump(mode="json")
    for document, later in (
        (was, ("target", "labels", "clusters")),
        (was["production"], ("has_seen", "agreement", "overlap")),
        *((curve, ("area", "base")) for curve in was["curves"]["roc"]),
        (was["curves"]["calibration"], ("error",)),
        *((each, ("low", "high")) for each in was["curves"]["calibration"]["bins"]),
        *((each, ("between", "explained")) for each in was["importance"]),
        *((each, ("intervals", "clusters")) for each in was["slices"]),
    ):
        for name in later:
            del document[name]

    text = page_of(Report.model_validate(was))

    assert "None" not in text
    assert "Version 0.9.0" in text


def test_a_report_stays_small_and_is_a_page_whatever_its_numbers_are():
    hard = REPORT.model_copy(
        update={
            "residuals": Residuals(shares=[0.1, 0.5, 0.9], quantiles=[-1e308, 0.0, 1e308], mean=0.0),
            "importance": [Importance(feature=f"\u202e{place}" * 100, gain=0.0, shap=0.0) for place in range(100)],
            "metrics": [],
            "baseline": None,
            "confusion": None,
        }
    )

    page = report_page(hard, model="\u202emodel", version="1.0.0")

    assert len(page) < 500_000
    assert "nan" not in page
    assert page.count("<bdi>\u202e") == 101


def test_a_report_of_a_newer_form_is_told_to_be_one(api, a_model, a_dataset):
    newer = REPORT.model_dump_json().replace('"format_version":1', '"format_version":2')
    kept = url_of(api.service.artifacts.put(newer.encode()))
    trained_version(api, trained=TRAINED.model_copy(update={"report_url": kept}))

    response = api.get(PATH)

    assert (response.status_code, response.json()["error_code"]) == (503, "artifact.unavailable")
    assert "a newer program" in response.text


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
