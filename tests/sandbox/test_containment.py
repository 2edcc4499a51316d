"""What a run sees of the machine, and which limits its processes have, on real backends."""

import json
import os
import secrets
import shutil
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from sandbox import policy
from sandbox.types import Limits, Run, Sandbox
from tests.sandbox.conftest import BACKENDS

pytestmark = pytest.mark.parametrize("backend", BACKENDS, indirect=True)

SURVEYOR = Path(__file__).parent / "survey.py"
MARK = "survey: "
LIMITS = Limits(
    wall_s=60.0,
    memory_bytes=256 << 20,
    processes=64,
    output_bytes=8 << 20,
    output_files=100,
    tmp_bytes=16 << 20,
)
DEVICES = {
    *("core", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout"),
    *("tty", "urandom", "zero", "mqueue", "console"),
}
GVISORS_OWN_DEVICES = {"fuse", "net"}
"""Made by its kernel, for its kernel: nothing of the machine's is behind them."""
OURS_TO_WRITE = {"/tmp", "/output", "/dev/shm", "/dev/mqueue", "/dev/pts"}
DEVICE_FILES = {f"/dev/{name}" for name in ("full", "null", "random", "tty", "urandom", "zero")}
COVERS = set(policy.MASKED_PATHS)
"""Null devices over what is masked."""

AS_ROOT = os.geteuid() == 0
"""Under bubblewrap some limits need root: see the operators' guide."""

Survey = dict[str, object]


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> str:
    """A secret in the worker's own environment."""
    secret = f"canary-{secrets.token_hex(8)}"
    monkeypatch.setenv("BAIJING_SECRET_KEY", secret)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    return secret


def survey(sandbox: Sandbox, run: Run, hidden: str = "nobody has this") -> Survey:
    shutil.copy(SURVEYOR, run.code / "main.py")
    env = {
        "SECRET_REVERSED": hidden[::-1],
        "MASKED": json.dumps(list(policy.MASKED_PATHS)),
        "ETC": json.dumps(list(policy.ETC)),
    }
    result = sandbox.execute(replace(run, limits=LIMITS, env=env))
    assert result.verdict is None, (result.message, result.log[-2000:])
    (line,) = [line for line in result.log.splitlines() if line.startswith(MARK)]
    return cast("Survey", json.loads(line.removeprefix(MARK)))


@pytest.fixture(scope="module")
def surveys() -> dict[str, Survey]:
    return {}


@pytest.fixture
def seen(sandbox: Sandbox, run: Run, backend: str, surveys: dict[str, Survey]) -> Survey:
    """One look for each backend; every test reads another part of it."""
    if backend not in surveys:
        surveys[backend] = survey(sandbox, run)
    return surveys[backend]


def test_no_secret_of_the_workers_gets_in(sandbox: Sandbox, run: Run, canary: str) -> None:
    assert survey(sandbox, run, canary)["secret"] == []


def test_the_survey_finds_a_secret_that_is_there(sandbox: Sandbox, run: Run) -> None:
    """Else the test above could not fail."""
    assert run.input is not None
    (run.input / "key").write_text("hidden in a file")
    assert survey(sandbox, run, "hidden in a file")["secret"] == ["/input/key"]


def test_the_machine_is_not_told(seen: Survey, backend: str, tmp_path: Path) -> None:
    masked = cast("dict[str, str]", seen["masked"])
    told = {path for path, text in masked.items() if text and "gvisor" not in text}
    assert told == set()  # gVisor's own kernel may tell of itself
    assert seen["names"] == [policy.HOSTNAME, policy.HOSTNAME]
    assert seen["interfaces"] == ["lo"]
    etc = cast("dict[str, str]", seen["etc"])
    assert etc["hosts"] == policy.ETC["hosts"]
    assert etc["resolv.conf"] == ""
    assert etc["hostname"] == policy.ETC["hostname"]
    assert etc["machine-id"] == ""
    devices = DEVICES | (GVISORS_OWN_DEVICES if backend == "runsc" else set())
    assert set(cast("list[str]", seen["devices"])) <= devices
    # nothing of where things lie on the machine is a place inside, or named after it
    targets = cast("list[str]", seen["targets"])
    assert not [target for target in targets if target.startswith(str(tmp_path))]
    groups = [line.rpartition(":")[2] for line in str(seen["cgroup"]).split()]
    assert set(groups) <= {"/"}


def test_only_its_own_places_can_be_written(seen: Survey) -> None:
    writable = set(cast("list[str]", seen["writable"]))
    assert writable - OURS_TO_WRITE - DEVICE_FILES - COVERS == set()
    assert {"/tmp", "/output"} <= writable


def test_every_process_has_the_policys_limits(seen: Survey) -> None:
    found = cast("dict[str, list[int]]", seen["limits"])
    for limit in policy.ulimits(LIMITS):
        assert found[limit.name] == [limit.value, limit.value], limit.name


def test_what_lies_in_memory_has_a_size_and_a_number_of_files(seen: Survey, backend: str) -> None:
    sizes = cast("dict[str, list[int]]", seen["sizes"])
    assert sizes["/tmp"][0] == LIMITS.tmp_bytes
    assert sizes["/dev/shm"][0] <= policy.SHM_BYTES
    if backend == "bubblewrap" and not AS_ROOT:
        pytest.skip("an ordinary user has no limit on files, and /output on the machine's disk")
    if backend != "runsc":  # whose files in memory have no number, and count as the run's memory
        assert sizes["/tmp"][1] == policy.TMP_FILES
    assert sizes["/output"] == [
        LIMITS.output_bytes + policy.OUTPUT_SLACK_BYTES,
        LIMITS.output_files + policy.OUTPUT_SLACK_FILES,
    ]


def test_every_run_is_another_user_with_no_rights(
    sandbox: Sandbox, run: Run, backend: str, seen: Survey
) -> None:
    outer = set()
    for each in (seen, survey(sandbox, run)):
        user = cast("list[int]", each["user"])
        assert 0 not in user
        # under bubblewrap it is 1000 inside, and somebody else outside
        outer.add(user[0] if backend != "bubblewrap" else int(str(each["outer_user"]) or "0"))
        status = cast("dict[str, str]", each["status"])
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
        if backend != "runsc":  # which shows neither: both are for its own process, outside
            assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    if backend != "bubblewrap" or AS_ROOT:
        assert len(outer) == 2
        assert all(uid in policy.UIDS or uid in policy.MAPPED_UIDS for uid in outer)
