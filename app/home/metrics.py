"""The platform for Prometheus: read from the database, so that every web process says the same."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session
from typing_extensions import override

from app.core.platform import Platform
from app.home.health import queue_answers
from app.home.staff_queries import Load, get_load


class PlatformCollector(Collector):
    """Turns one reading of the load into gauges."""

    def __init__(self, read: Callable[[], Load], *, redis_up: bool) -> None:
        self._read = read
        self._redis_up = redis_up

    @override
    def collect(self) -> Iterable[Metric]:
        """Yield the gauges."""
        load = self._read()
        yield _labelled("evaluations", "Evaluations by state.", "state", load.by_state)
        yield _labelled("queue_length", "Evaluations that wait, by pool.", "pool", load.waiting)
        yield _labelled("workers_alive", "Workers heard of lately, by pool.", "pool", load.workers)
        yield _labelled("publications", "Uploaded packs by state.", "state", load.publications)
        yield _single("queue_oldest_seconds", "Age of the oldest waiting one.", load.oldest_wait_s)
        yield _single("problems", "Published problems.", load.problems)
        yield _single("teams", "Teams.", load.teams)
        yield _single("submissions", "Submissions of teams.", load.submissions)
        yield _single("redis_up", "1 while Redis answers.", float(self._redis_up))


def render_metrics(port: Platform) -> tuple[str, str]:
    """Return the metrics as text, and their content type."""

    def read() -> Load:
        with port.database.reading() as session:
            return _read(session, port)

    registry = CollectorRegistry()
    registry.register(PlatformCollector(read, redis_up=queue_answers(port)))
    return generate_latest(registry).decode(), CONTENT_TYPE_LATEST


def _read(session: Session, port: Platform) -> Load:
    return get_load(session, now=port.clock.now())


def _labelled(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"baijing_{name}", text, labels=[label])
    for value, count in _sorted(values):
        family.add_metric([value], count)
    return family


def _single(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"baijing_{name}", text, value=value)


def _sorted(values: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    yield from sorted(values.items())
