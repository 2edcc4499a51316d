import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.bubblewrap.processes import (
    descendants,
    kill_tree,
    proportional_bytes,
    read_process,
)
from sandbox.bubblewrap.scratch import open_scratch, reap
from sandbox.trees import remove_tree
from sandbox.types import Limits, Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    for name in ("code", "output"):
        (tmp_path / name).mkdir()
    (tmp_path / "code" / "main.py").write_text("x")
    limits = Limits(wall_s=1, memory_bytes=1)
    return Run("i", ("x",), tmp_path / "code", tmp_path / "output", limits, owner="me/1/1")


def test_scratch_comes_and_goes(run: Run, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    with open_scratch(runs, run, None) as scratch:
        assert scratch.trees == {"/code": run.code}
        (scratch.output / "closed").mkdir(mode=0o000)
        assert [p.name for p in runs.iterdir()] == [scratch.run_id]
    assert list(runs.iterdir()) == []


def test_what_others_may_not_read_is_copied_for_them(run: Run, tmp_path: Path) -> None:
    run.code.chmod(0o700)
    (run.code / "lib").mkdir()
    with open_scratch(tmp_path / "runs", run, os.getuid()) as scratch:
        copied = scratch.trees["/code"]
        assert copied != run.code
        assert (copied / "main.py").read_text() == "x"
        assert (copied / "lib").stat().st_mode & 0o005 == 0o005
    run.code.chmod(0o755)
    with open_scratch(tmp_path / "runs", run, os.getuid()) as scratch:
        assert scratch.trees["/code"] == run.code


def test_reaping_spares_the_living_and_takes_the_abandoned(run: Run, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    assert reap(runs, lambda _owner: False) == 0
    with open_scratch(runs, run, None) as scratch:
        scratch.note_process(os.getpid())
        assert reap(runs, lambda owner: owner == "me/1/1") == 0
        (runs / "abandoned").mkdir()
        assert reap(runs, lambda owner: owner == "me/1/1") == 1
        assert [p.name for p in runs.iterdir()] == [scratch.run_id]


def test_remove_tree_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir(mode=0o500)
    (tmp_path / "doomed").mkdir()
    (tmp_path / "doomed" / "link").symlink_to(tmp_path / "kept")
    remove_tree(tmp_path / "doomed")
    remove_tree(tmp_path / "doomed")
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o500


def test_a_process_tree_is_seen_and_killed() -> None:
    code = "import subprocess, sys, time; subprocess.Popen(['sleep', '60']); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        deadline = time.monotonic() + 10
        while not (below := list(descendants(parent.pid))) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(below) == 1
        assert below[0].is_alive()
        assert below[0].resident_bytes >= 0
        kill_tree(parent.pid, 5)
        assert not below[0].is_alive()
        parent.kill()
    assert read_process(parent.pid) is None


def test_a_process_knows_its_share_of_memory() -> None:
    share = proportional_bytes(os.getpid())
    process = read_process(os.getpid())
    assert share is not None
    assert process is not None
    assert 0 < share <= process.resident_bytes * 2
    assert proportional_bytes(2**22 + 1) is None
