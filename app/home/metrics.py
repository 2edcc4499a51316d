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
from app.home.compute_queries import Compute, DeviceUse, get_compute
from app.home.health import queue_answers
from app.home.staff_queries import Load, get_load


class PlatformCollector(Collector):
    """Turns one reading of the load into gauges."""

    def __init__(
        self, read: Callable[[], Load], read_compute: Callable[[], Compute], *, redis_up: bool
    ) -> None:
        self._read = read
        self._read_compute = read_compute
        self._redis_up = redis_up

    @override
    def collect(self) -> Iterable[Metric]:
        """Yield the gauges."""
        load = self._read()
        yield _labelled("evaluations", "Evaluations by state.", "state", load.by_state)
        yield _labelled("queue_length", "Evaluations that wait, by pool.", "pool", load.waiting)
        yield _labelled("workers_alive", "Workers heard of lately, by pool.", "pool", load.workers)
        sick = "Workers alive whose host can run nothing, by pool."
        yield _labelled("workers_sick", sick, "pool", load.sick)
        yield _labelled("publications", "Uploaded packs by state.", "state", load.publications)
        yield from _compute(self._read_compute())
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

    def read_compute() -> Compute:
        with port.database.reading() as session:
            return get_compute(session, now=port.clock.now())

    registry = CollectorRegistry()
    registry.register(PlatformCollector(read, read_compute, redis_up=queue_answers(port)))
    return generate_latest(registry).decode(), CONTENT_TYPE_LATEST


def _read(session: Session, port: Platform) -> Load:
    return get_load(session, now=port.clock.now())


def _compute(found: Compute) -> Iterator[Metric]:
    """Yield the gauges of pools and GPUs; a card that serves two pools counts in both."""
    devices = GaugeMetricFamily(
        "baijing_gpu_devices", "GPUs by pool and state.", labels=["pool", "state"]
    )
    oldest = GaugeMetricFamily(
        "baijing_pool_oldest_seconds", "Age of the oldest waiting one, by pool.", labels=["pool"]
    )
    for pool in found.pools:
        oldest.add_metric([pool.name], pool.oldest_wait_s)
        for use, count in pool.devices.items():
            devices.add_metric([pool.name, use.value], count)
    yield devices
    yield oldest
    leased = sum(line.use is DeviceUse.LEASED for line in found.devices)
    yield _single("gpu_leases", "GPUs that a run has.", leased)
    yield _single("gpu_quarantined", "GPUs with leftovers, out of use.", len(found.quarantined))
    sick = {pool.name: pool.sick for pool in found.pools}
    yield _labelled("workers_sick", "Workers whose host can run nothing, by pool.", "pool", sick)


def _labelled(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"baijing_{name}", text, labels=[label])
    for value, count in _sorted(values):
        family.add_metric([value], count)
    return family


def _single(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"baijing_{name}", text, value=value)


def _sorted(values: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    yield from sorted(values.items())
