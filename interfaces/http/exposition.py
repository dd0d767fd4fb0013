"""What Prometheus reads: written from metrics, and put together of what several processes have written.

Source: Prometheus's text-based exposition format, 0.0.4.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

_HELP = b"\n# HELP "


def written(families: Iterable[Metric], *, labels: Mapping[str, str]) -> bytes:
    """Return the metrics as text, with those of this process itself, each sample with the labels."""
    registry = CollectorRegistry()
    registry.register(_Labelled([*families, *ProcessCollector(registry=None).collect()], labels))
    return generate_latest(registry)


def merged(texts: Sequence[bytes]) -> bytes:
    """Return one text of several whose labels differ: all samples of a metric have to be together."""
    heads: dict[bytes, bytes] = {}
    samples: dict[bytes, list[bytes]] = {}
    for text in texts:
        for family in (b"\n" + text.rstrip(b"\n")).split(_HELP)[1:]:
            says, kind, *values = family.split(b"\n")
            name = says.partition(b" ")[0]
            heads.setdefault(name, b"# HELP %s\n%s" % (says, kind))
            samples.setdefault(name, []).extend(values)
    return b"".join(b"\n".join([head, *samples[name], b""]) for name, head in heads.items())


class _Labelled(Collector):
    """Metrics that are there already, with more labels."""

    def __init__(self, families: Iterable[Metric], labels: Mapping[str, str]) -> None:
        self._families = families
        self._labels = labels

    def collect(self) -> Iterator[Metric]:
        for family in self._families:
            family.samples = [each._replace(labels={**self._labels, **each.labels}) for each in family.samples]
            yield family
