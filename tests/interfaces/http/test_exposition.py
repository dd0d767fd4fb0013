"""What several processes tell Prometheus is one text that it can read."""

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from interfaces.http.exposition import merged, written


def of_process(number: int, requests: float, *, is_up: bool) -> bytes:
    counted = CounterMetricFamily("requests", "What\nwas asked.", labels=("status",))
    counted.add_metric(("200",), requests)
    families = [counted, *([GaugeMetricFamily("up", "Whether.", value=1)] if is_up else [])]
    return written(families, labels={"process": str(number)})


def test_samples_of_all_processes_are_told_apart_and_each_metric_is_told_once() -> None:
    text = merged([of_process(0, 3, is_up=False), of_process(1, 4, is_up=True)]).decode()
    found = {each.name: each for each in text_string_to_metric_families(text)}
    assert text.count("# TYPE requests_total ") == 1
    assert found["requests"].documentation == "What\nwas asked."
    assert {(each.labels["process"], each.value) for each in found["requests"].samples} == {("0", 3), ("1", 4)}
    assert [each.labels for each in found["up"].samples] == [{"process": "1"}]
    assert len(found["process_resident_memory_bytes"].samples) == 2


def test_what_one_process_tells_stays_as_it_is() -> None:
    text = of_process(0, 3, is_up=True)
    assert merged([text]) == text
