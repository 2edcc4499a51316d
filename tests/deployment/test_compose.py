"""The whole of docker-compose.yml on a real engine: built offline, started, used, hurt, removed."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deployment.images import find_images, provide_sandbox, provide_wheels, run
from tests.deployment.stack import TINY, Member, Stack, described, wait_for, zipped

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(900)]

BASELINE = (TINY / "baseline" / "main.py").read_text()
SLEEPER = f"import time\nprint('working', flush=True)\ntime.sleep(5)\n{BASELINE}"


@pytest.fixture
def stack(tmp_path: Path, socket_enabled: None) -> Iterator[Stack]:
    images = find_images(tmp_path)
    provide_wheels(images["BASE_IMAGE"])
    provide_sandbox(tmp_path)
    with described(tmp_path, images) as project:
        _timed("build", lambda: project.compose("build", timeout=600))
        _timed("up", lambda: project.compose("up", "-d", "--no-build", timeout=180))
        yield project


def test_a_competition_runs_on_compose_and_leaves_no_trace(stack: Stack, tmp_path: Path) -> None:
    _timed("ready", lambda: wait_for(stack.is_ready, "/readyz", 120))
    only_workers_reach_the_engine(stack)
    member = sign_up(stack)
    _timed("publish", stack.publish)
    _timed("both kinds scored", lambda: both_kinds_are_scored_and_ranked(member))
    _timed("worker killed", lambda: a_killed_worker_loses_nothing(stack, member))
    stack.script("backup", tmp_path / "backup.tar")
    _timed("down", lambda: nothing_is_left(stack))
    _timed("restore", lambda: a_backup_brings_it_back(stack, tmp_path / "backup.tar"))


def only_workers_reach_the_engine(stack: Stack) -> None:
    for service, expected in (("worker-cpu", "srw"), ("web", ""), ("scheduler", "")):
        listed = stack.compose(
            "exec", "-T", service, "sh", "-c", "ls -l /var/run/docker.sock 2>/dev/null || true"
        )
        assert listed[:3] == expected, service
        assert stack.compose("exec", "-T", service, "id", "-u").strip() == "10001"
    for service, check in (("worker-cpu", "engine"), ("web", "web")):
        stack.compose("exec", "-T", service, "python", "deploy/healthcheck.py", check)
    nothing = stack.compose("exec", "-T", "web", "sh", "-c", "command -v cc gcc g++ make || true")
    assert nothing.strip() == ""


def sign_up(stack: Stack) -> Member:
    email = "team@example.org"
    stack.flask("web", "user", "create", email, "--name", "张伟", "--role", "participant")
    return Member(stack.url, stack.flask("web", "user", "token", email)[-1])


def both_kinds_are_scored_and_ranked(member: Member) -> None:
    sample = member.get("/problems/deployment-tiny/files/sample_predictions.csv").content
    code = zipped({"main.py": BASELINE})
    answers = [
        member.submit("predictions", "sample_predictions.csv", sample),
        member.submit("code", "code.zip", code),
    ]
    scores = []
    for submission in answers:
        shown = member.wait(submission)
        assert shown["state"] == "scored", shown
        assert isinstance(shown["scores"], dict)
        scores.append(shown["scores"]["A"]["accuracy"])
    assert scores[1] > scores[0]
    board = member.get("/problems/deployment-tiny/leaderboard?board=A").json()
    assert [item["scores"]["accuracy"] for item in board["items"]] == [scores[1]]
    assert board["baselines"], "the published baseline is on the board"


def a_killed_worker_loses_nothing(stack: Stack, member: Member) -> None:
    submission = member.submit("code", "slow.zip", zipped({"main.py": SLEEPER}))
    member.wait(submission, "running")
    wait_for(lambda: "working" in _log(member, submission), "the program runs", 60)
    stack.kill_worker()
    shown = member.wait(submission)
    assert shown["state"] == "scored", shown
    time.sleep(7)  # longer than a lease: nobody takes it up again
    assert member.state(submission) == shown
    wait_for(stack.is_ready, "/readyz after the restart", 60)


def nothing_is_left(stack: Stack) -> None:
    volumes = stack.volumes()
    assert stack.belongings()
    assert volumes
    stack.compose("down", "-v", timeout=180)
    assert stack.belongings() == set()
    assert volumes.isdisjoint(run("docker", "volume", "ls", "-q").split())


def a_backup_brings_it_back(stack: Stack, backup: Path) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    stack.script("restore", backup)
    listed = stack.compose(
        "run", "--rm", "-T", "--no-deps", "scheduler", "flask", "problem", "list"
    )
    assert "deployment-tiny\tr1\tA:open" in listed


def _log(member: Member, submission: str) -> str:
    return str(member.get(f"/submissions/{submission}/log?offset=0").json()["text"])


def _timed(what: str, action: Callable[[], object]) -> None:
    started = time.monotonic()
    action()
    print(f"{what}: {time.monotonic() - started:.1f} s")
