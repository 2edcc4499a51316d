"""What a sandboxed run costs: latency beside other ways, throughput, and what waiting costs."""

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from benchmarks import sandbox_ways as ways
from benchmarks.measure import Measured
from sandbox import Limits, SandboxError, choose_sandbox
from sandbox.docker import DockerSandbox
from sandbox.usage import find_container_cgroup

ROUNDS = 8
SECONDS = 8.0
SLICES = 4
BIG_INPUT = 5 << 30
ROOMY = Limits(wall_s=60, memory_bytes=1 << 30, output_bytes=1 << 20, processes=128)
LEARNING = """
import time
started = time.perf_counter()
import numpy as np
from sklearn.ensemble import RandomForestClassifier
rng = np.random.default_rng(0)
x = rng.normal(size=(4000, 20))
y = x[:, 0] + x[:, 1] ** 2 > 1
RandomForestClassifier(40, random_state=0).fit(x, y).score(x, y)
"""


def run() -> list[Measured]:
    """Measure each backend that is there; one that is not is left out, and says so."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in (_latencies, _learning, _big_input, _throughput):
            try:
                rows += part(folder)
            except SandboxError as error:
                print(f"{part.__name__[1:]} is left out: {error}", file=sys.stderr)
    return rows


def _latencies(folder: Path) -> list[Measured]:
    bench = ways.Bench.of(folder, ways.TRIVIAL)
    sandbox = ways.open_sandbox(warm=2)
    image_id = sandbox.prepare(ways.IMAGE, print)
    with ExitStack() as stack:
        stack.callback(sandbox.close)
        living = stack.enter_context(ways.living_container(bench, image_id))
        actions = {
            "bare process": ways.bare(bench),
            "ours, warm": ways.warm(sandbox, bench),
            "ours, cold": ways.cold(sandbox, bench),
            "docker exec": ways.docker_exec(bench, living),
            "docker run, same flags": ways.docker_run(bench, image_id),
        }
        actions |= _by_socket(stack, bench) | _bubblewrap(bench)
        found = interleave(actions)
    bare, engine = found.pop("bare process"), found["docker run, same flags"]
    rows = [
        Measured(f"smallest run, {way}", "bare process", taken, bare)
        for way, taken in found.items()
    ]
    best = Measured("smallest run, docker run", "ours, warm", engine, found["ours, warm"])
    return [*rows, best]


def _by_socket(stack: ExitStack, bench: ways.Bench) -> dict[str, ways.Action]:
    sandbox = ways.open_sandbox(warm=2, by_socket=True)
    stack.callback(sandbox.close)
    return {
        "ours by socket, warm": ways.warm(sandbox, bench),
        "ours by socket, cold": ways.cold(sandbox, bench),
    }


def _bubblewrap(bench: ways.Bench) -> dict[str, ways.Action]:
    try:
        sandbox, _ = choose_sandbox(
            "bubblewrap",
            runtime=None,
            state_dir=ways.STATE,
            installation="benchmark",
            progress=lambda line: print(line, file=sys.stderr),
        )
    except SandboxError as error:
        print(f"bubblewrap is left out: {error}", file=sys.stderr)
        return {}
    return {"bubblewrap": ways.cold(sandbox, bench)}


def _learning(folder: Path) -> list[Measured]:
    """A scikit-learn submission against the same work where scikit-learn is imported already."""
    bench = ways.Bench.of(folder, LEARNING, ROOMY)
    sandbox = ways.open_sandbox(warm=1)
    try:
        with ways.imported_already() as work:
            found = interleave(
                {
                    "bare, imported already": lambda: work(bench.run.code / "main.py"),
                    "warm": ways.warm(sandbox, bench),
                    "cold": ways.cold(sandbox, bench),
                    "bare": ways.bare(bench),
                },
                rounds=3,
            )
        waiting = _waiting_memory(sandbox, bench)
    finally:
        sandbox.close()
    reference = found.pop("bare, imported already")
    print(f"a waiting container with scikit-learn holds {waiting >> 20} MiB", file=sys.stderr)
    return [
        Measured(f"scikit-learn submission, {way}", "imported already", taken, reference)
        for way, taken in found.items()
    ]


def _waiting_memory(sandbox: DockerSandbox, bench: ways.Bench) -> int:
    with bench.asked() as run:
        container = sandbox.warm_up(run)
    group = find_container_cgroup(container)
    sample = group.read() if group is not None else None
    return sample.memory_bytes if sample is not None else 0


def _big_input(folder: Path) -> list[Measured]:
    """A run with an input of five gigabytes (a sparse file) against one without."""
    data = folder / "big"
    data.mkdir()
    with (data / "big.bin").open("wb") as sparse:
        sparse.truncate(BIG_INPUT)
    sandbox = ways.open_sandbox()
    without = ways.Bench.of(folder, ways.TRIVIAL)
    found = interleave(
        {
            "with": ways.cold(sandbox, without.with_input(data)),
            "without": ways.cold(sandbox, without),
        }
    )
    name = f"cold run with a {BIG_INPUT >> 30} GiB input"
    return [Measured(name, "cold run without", found["with"], found["without"])]


def _throughput(folder: Path) -> list[Measured]:
    """Runs a minute with everything that belongs to them, refilling included."""
    bench = ways.Bench.of(folder, ways.TRIVIAL)
    cold, pooled = ways.open_sandbox(), ways.open_sandbox(warm=4)
    actions = {
        "bare process": ways.bare(bench),
        "all cold": ways.cold(cold, bench),
        "with a pool": ways.cold(pooled, bench),
    }
    rows = []
    stop = threading.Event()
    tender = threading.Thread(target=_tend, args=(pooled, stop))
    tender.start()
    try:
        for at_once in (2, 4):
            each = _sustain(actions, at_once)
            bare = each.pop("bare process")
            for way, seconds in each.items():
                print(
                    f"{at_once} at once, {way}: {60 / seconds:.0f} runs a minute", file=sys.stderr
                )
                name = f"each of many runs, {at_once} at once, {way}"
                rows.append(Measured(name, "bare process", seconds, bare))
    finally:
        stop.set()
        tender.join()
        pooled.close()
    return rows


def _tend(sandbox: DockerSandbox, stop: threading.Event) -> None:
    while not stop.is_set():
        sandbox.tend()
        stop.wait(1)


def _sustain(actions: Mapping[str, ways.Action], at_once: int) -> dict[str, float]:
    """Return the seconds of the machine's time that each run takes, all ways in slices by turns."""
    counts, times = dict.fromkeys(actions, 0), dict.fromkeys(actions, 0.0)
    for _ in range(SLICES):
        for name, action in actions.items():
            started = time.perf_counter()
            counts[name] += _repeat(action, at_once, started + SECONDS / SLICES)
            times[name] += time.perf_counter() - started
    return {name: times[name] / counts[name] for name in actions}


def _repeat(action: ways.Action, at_once: int, until: float) -> int:
    """Do it again and again, many at once; return how often."""

    def work() -> int:
        count = 0
        while time.perf_counter() < until:
            action()
            count += 1
        return count

    with ThreadPoolExecutor(at_once) as threads:
        return sum(future.result() for future in [threads.submit(work) for _ in range(at_once)])


def interleave(actions: Mapping[str, ways.Action], rounds: int = ROUNDS) -> dict[str, float]:
    """Run all in turns and return the medians; one round before counts for nothing."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for round_number in range(rounds + 1):
        for name, action in actions.items():
            taken = action()
            if round_number:
                times[name].append(taken)
    return {name: statistics.median(each) for name, each in times.items()}
