import io
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import Role, User
from app.core.db import Database
from app.core.platform import Platform
from app.evaluations.models import Evaluation
from app.problems import jobs, queries
from app.problems.states import LEASE
from tests.factories import make_user
from tests.factories.packs import run_scripts, write_pack, zip_folder
from tests.factories.workers import make_worker
from tests.fakes.gpus import card
from tests.fakes.ports import FrozenClock, MemoryQueue, ScriptedSandbox

pytestmark = pytest.mark.functional
JOB = "app.problems.jobs.check_publication"


@pytest.fixture(autouse=True)
def no_csrf(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def organiser(database: Database, sign_in: Callable[[User], None]) -> User:
    with database.transaction() as session:
        user = make_user(session, role=Role.ORGANISER)
    sign_in(user)
    return user


def upload(client: FlaskClient, content: bytes, name: str = "solder.zip") -> str:
    sent = client.post(
        "/staff/publications",
        data={"pack": (io.BytesIO(content), name)},
        content_type="multipart/form-data",
    )
    assert sent.status_code == 303, sent.text
    return sent.headers["Location"]


@pytest.mark.usefixtures("organiser")
def test_an_organiser_uploads_a_pack_and_sees_it_published(
    app: Flask,
    client: FlaskClient,
    queue: MemoryQueue,
    sandbox: ScriptedSandbox,
    platform: Platform,
    tmp_path: Path,
) -> None:
    sandbox.act = run_scripts
    page = upload(client, zip_folder(write_pack(tmp_path / "pack", generator=True)))
    assert queue.jobs == [("cpu", JOB, (1,))]
    waiting = client.get(page)
    assert "排队中" in waiting.text
    assert "data-live-pending" in waiting.text
    with app.app_context():
        jobs.check_publication(1)
    done = client.get(page)
    assert "已发布为" in done.text
    assert "data-live-pending" not in done.text
    status = client.get(f"{page}/status.json").get_json()
    assert (status["state"], status["problem"], status["done"]) == ("published", "solder", True)
    assert "焊点缺陷" in client.get("/problems/solder").text
    # the baseline goes through the real pipeline, once the publication is committed
    assert len(queue.jobs) == 2
    with platform.database.reading() as session:
        assert queries.get_problem(session, "solder").stages[0].opens_at is not None


@pytest.mark.usefixtures("organiser")
def test_what_is_wrong_is_said_in_the_language_of_the_reader(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    pack = write_pack(tmp_path / "pack")
    yaml = (pack / "problem.yaml").read_text().replace("licence:", "<b>licens</b>:")
    (pack / "problem.yaml").write_text(yaml)
    page = upload(client, zip_folder(pack))
    with app.app_context():
        jobs.check_publication(1)
    chinese, english = client.get(page).text, client.get(f"{page}?lang=en").text
    assert "未知的键" in chinese
    assert "problem.yaml:11" in chinese
    assert "unknown key" in english
    assert "<b>licens" not in chinese + english
    assert "/problems/solder" not in client.get("/problems").text


@pytest.mark.usefixtures("organiser")
def test_a_fault_found_late_is_translated_by_the_worker(
    app: Flask, client: FlaskClient, sandbox: ScriptedSandbox, tmp_path: Path
) -> None:
    sandbox.act = run_scripts
    pack = write_pack(tmp_path / "pack")
    (pack / "cover.svg").write_text("<html/>")
    page = upload(client, zip_folder(pack))
    with app.app_context():
        jobs.check_publication(1)
    assert "cover.svg 无法使用" in client.get(page).text
    assert "cover.svg cannot be used" in client.get(f"{page}?lang=en").text


@pytest.mark.usefixtures("organiser")
def test_what_is_no_zip_is_refused_at_once(client: FlaskClient, queue: MemoryQueue) -> None:
    sent = client.post(
        "/staff/publications",
        data={"pack": (io.BytesIO(b"not a zip"), "pack.zip")},
        content_type="multipart/form-data",
    )
    assert sent.status_code == 422
    assert "须为赛题包文件夹的 zip 压缩包" in sent.text
    assert client.post("/staff/publications", data={}).status_code == 422
    assert queue.jobs == []


@pytest.mark.usefixtures("organiser")
def test_a_lost_job_is_sent_again(
    app: Flask, client: FlaskClient, queue: MemoryQueue, clock: FrozenClock, tmp_path: Path
) -> None:
    upload(client, zip_folder(write_pack(tmp_path / "pack")))
    queue.jobs.clear()  # Redis was flushed
    clock.tick(LEASE)
    with app.app_context():
        assert jobs.resend_publications() == 1
    assert queue.jobs == [("cpu", JOB, (1,))]


@pytest.mark.usefixtures("organiser")
def test_a_name_nobody_would_give_a_file_does_no_harm(client: FlaskClient, tmp_path: Path) -> None:
    content = zip_folder(write_pack(tmp_path / "pack"))
    page = upload(client, content, name='../<img src=x>"\u202e.zip')
    assert "<img src=x>" not in client.get(page).text
    assert "<img src=x>" not in client.get("/staff/publications").text


def test_judges_read_publications_and_teams_do_not(
    client: FlaskClient, database: Database, sign_in: Callable[[User], None]
) -> None:
    with database.transaction() as session:
        judge, team = make_user(session, role=Role.JUDGE), make_user(session)
    sign_in(judge)
    assert client.get("/staff/publications").status_code == 200
    assert client.post("/staff/publications").status_code == 403
    assert client.get("/staff/publications/1").status_code == 404
    sign_in(team)
    assert client.get("/staff/publications").status_code == 403


def gpu_pack(folder: Path) -> bytes:
    pack = write_pack(folder)
    yaml = (pack / "problem.yaml").read_text()
    asked = "resources: {gpus: 2, gpu_memory: 40GiB, gpu_models: [A100, h200], "
    (pack / "problem.yaml").write_text(yaml.replace("resources: {", asked))
    return zip_folder(pack)


def check(app: Flask, client: FlaskClient, page: str, lang: str = "zh-Hans") -> str:
    """Do the job of an uploaded pack and return its page."""
    with app.app_context():
        jobs.check_publication(int(page.rpartition("/")[2]))
    return client.get(f"{page}?lang={lang}").text


@pytest.mark.usefixtures("organiser")
def test_a_pack_that_no_pool_can_run_is_refused_with_what_there_is(
    app: Flask, client: FlaskClient, platform: Platform, sandbox: ScriptedSandbox, tmp_path: Path
) -> None:
    sandbox.act = run_scripts
    pack = gpu_pack(tmp_path / "pack")
    page = upload(client, pack)
    chinese, english = check(app, client, page), client.get(f"{page}?lang=en").text
    assert "本题需要 2 × GPU ≥ 40 GiB (A100, h200)，而最近一天没有任何带 GPU 的评测机" in chinese
    assert "no worker with a GPU was heard of" in english
    assert "基线需要 2 块 GPU，此处未运行" in chinese
    with platform.database.transaction() as session:
        rtx = [card(number, model="NVIDIA GeForce RTX 4090", gib=24) for number in range(2)]
        make_worker(session, now=platform.clock.now(), pool="gpu-a", devices=rtx)
    said = check(app, client, upload(client, pack))
    assert "现有：gpu-a: 2 × NVIDIA GeForce RTX 4090, 24 GiB" in said


@pytest.mark.usefixtures("organiser")
def test_it_is_published_all_the_same_on_demand_and_gladly_once_there_is_a_pool(
    app: Flask, client: FlaskClient, platform: Platform, sandbox: ScriptedSandbox, tmp_path: Path
) -> None:
    sandbox.act = run_scripts
    pack = gpu_pack(tmp_path / "pack")
    sent = client.post(
        "/staff/publications",
        data={"pack": (io.BytesIO(pack), "p.zip"), "needs_no_pool": "y"},
        content_type="multipart/form-data",
    )
    assert "已发布为" in check(app, client, sent.headers["Location"])
    with platform.database.transaction() as session:
        cards, now = [card(2), card(3)], platform.clock.now()
        make_worker(session, now=now, pool="gpu-b", devices=cards)
    assert "已发布为" in check(app, client, upload(client, pack))
    with platform.database.reading() as session:
        pools = [one.pool for one in session.query(Evaluation).order_by(Evaluation.id)]
    assert pools == ["gpu", "gpu-b"]  # the baselines: where nobody was, and where there is somebody
