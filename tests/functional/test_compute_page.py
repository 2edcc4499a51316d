"""What staff and Prometheus see of pools, workers and GPUs."""

import re
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app.accounts.models import Role, User
from app.compute.health import mark_sick
from app.compute.operations import quarantine
from app.core.db import Database
from app.core.platform import Platform
from app.evaluations.claims import claim_next
from app.evaluations.devices import device_leases
from app.evaluations.operations import queue_evaluation
from app.problems.models import Board
from app.submissions.models import Kind
from sandbox.gpu import Fault, Finding
from tests.factories import make_problem, make_submission, make_user
from tests.factories.problems import SPEC
from tests.factories.workers import make_worker
from tests.fakes.gpus import card
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional
CARDS = [card(0), card(1), card(2)]
LEASE = timedelta(seconds=20)


@pytest.fixture
def judge(database: Database, sign_in: Callable[[User], None]) -> None:
    with database.transaction() as session:
        user = make_user(session, role=Role.JUDGE)
    sign_in(user)


@pytest.fixture
def busy(platform: Platform, database: Database, clock: FrozenClock) -> int:
    """One card leased, one in quarantine, one free; a pool without a worker; a sick worker."""
    spec = deepcopy(SPEC)
    with database.transaction() as session:
        worker = make_worker(session, now=clock.now(), pool="gpu-a", devices=CARDS)
        sick = make_worker(session, now=clock.now(), pool="cpu", host="host-b")
        mark_sick(session, sick, "the engine does not answer", now=clock.now())
        for pool in ("gpu-a", "gpu-b", "gpu-b"):
            spec["resources"] |= {"gpus": 1, "pool": pool}
            problem = make_problem(session, spec=deepcopy(spec))
            submission = make_submission(
                session, problem=problem, kind=Kind.CODE, scores={"A": {"macro_f1": 0.5}}
            )
            queue_evaluation(session, submission, Board.A, now=clock.now(), actor="test")
        finding = Finding("GPU-0001", Fault.PROCESSES_LEFT, "processes 4711")
        quarantine(session, [finding], now=clock.now())
    with database.transaction() as session:
        claim = claim_next(
            session,
            "gpu-a",
            worker,
            now=clock.now(),
            lease=LEASE,
            leases=device_leases(platform, LEASE),
        )
    assert claim is not None
    return claim.evaluation_id


@pytest.mark.usefixtures("judge")
def test_staff_see_where_code_runs(client: FlaskClient, busy: int, clock: FrozenClock) -> None:
    clock.tick(timedelta(seconds=7))
    page = text_of(client, "/staff/compute?lang=en")
    assert f"leased by evaluation {busy}" in page
    assert "processes_left: processes 4711" in page
    assert "GPUs in quarantine, because something was left on them: 1" in page
    assert "the pool gpu-b, where no worker can take them: 2" in page
    assert "the engine does not answer" in page
    assert "NVIDIA A100-SXM4-40GB" in page
    chinese = text_of(client, "/staff/compute?lang=zh-Hans")
    assert "资源池 gpu-b 没有可用的评测机，正在等待的评测：2" in chinese
    assert f"由评测 {busy} 占用" in chinese
    overview = text_of(client, "/staff?lang=en")
    assert "2 evaluations wait for the pool gpu-b, where no worker can take them" in overview
    assert "in quarantine" in overview


@pytest.mark.usefixtures("judge")
def test_an_empty_platform_says_that_nothing_was_heard(client: FlaskClient) -> None:
    page = text_of(client, "/staff/compute?lang=en")
    assert "No worker has been heard of." in page
    assert "No worker with a GPU has been heard of." in page


@pytest.mark.usefixtures("judge", "busy")
def test_a_host_that_fell_silent_is_said_so(client: FlaskClient, clock: FrozenClock) -> None:
    clock.tick(timedelta(minutes=10))
    page = text_of(client, "/staff/compute?lang=en")
    assert page.count("not heard of since") == 3  # the free card and both workers


@pytest.mark.usefixtures("busy")
def test_prometheus_counts_cards_and_queues(client: FlaskClient, clock: FrozenClock) -> None:
    clock.tick(timedelta(seconds=9))
    lines = client.get("/metrics").text.splitlines()
    assert 'baijing_gpu_devices{pool="gpu-a",state="free"} 1.0' in lines
    assert 'baijing_gpu_devices{pool="gpu-a",state="leased"} 1.0' in lines
    assert 'baijing_gpu_devices{pool="gpu-a",state="quarantined"} 1.0' in lines
    assert "baijing_gpu_leases 1.0" in lines
    assert "baijing_gpu_quarantined 1.0" in lines
    assert 'baijing_queue_length{pool="gpu-b"} 2.0' in lines
    assert 'baijing_pool_oldest_seconds{pool="gpu-b"} 9.0' in lines
    assert 'baijing_workers_sick{pool="cpu"} 1.0' in lines


def text_of(client: FlaskClient, path: str) -> str:
    found = client.get(path)
    assert found.status_code == 200, found.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.text))
