import os
import subprocess
import sys

from app.core.processes import await_gone, list_descendants

PARENT = """
import subprocess, sys
waiting = [sys.executable, "-c", "import sys; sys.stdin.read()"]
child = subprocess.Popen(waiting, stdin=subprocess.PIPE)
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_a_grandchild_is_found_and_its_end_is_waited_for() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with parent:
        assert parent.stdout is not None
        grandchild = int(parent.stdout.readline())
        below = list_descendants(os.getpid())
        assert {parent.pid, grandchild} <= set(below)
        assert not await_gone([grandchild], timeout=0.05)
        parent.kill()
    assert await_gone([parent.pid, grandchild], timeout=10)


def test_nobody_is_below_a_process_that_is_not_there() -> None:
    assert list_descendants(2**22 + 1) == []
    assert await_gone([2**22 + 1], timeout=0)
