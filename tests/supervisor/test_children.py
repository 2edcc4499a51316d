"""The supervisor over real processes: shown, restarted, and always taken down."""

import signal
import time
from pathlib import Path

import pytest

from tests.supervisor.programs import (
    PARENT,
    STAYS,
    STUBBORN,
    is_alive,
    supervising,
    wait_for,
    wait_gone,
)

pytestmark = pytest.mark.slow


def test_every_line_bears_its_program_s_name(tmp_path: Path) -> None:
    code = """
        run([python("web", "import sys; print('one'); print('two', file=sys.stderr)"),
             python("scheduler", "import os; os.write(1, b'half ' + bytes([255])); os._exit(0)")],
            until=lambda: {"two", "half"} <= set((here / "log").read_text("utf-8").split()))
    """
    with supervising(tmp_path, code) as site:
        assert site.process.wait(20) == 0
    lines = site.lines()
    assert {"web       | one", "web       | two", "scheduler | half \ufffd"} <= set(lines)


def test_who_dies_is_started_again_slower_each_time(tmp_path: Path) -> None:
    code = 'run([python("web", "import os; print(\'pid\', os.getpid()); os._exit(3)")])'
    with supervising(tmp_path, code) as site:
        pids = site.pids(3)
        assert len(set(pids)) == len(pids)
        assert site.end(signal.SIGTERM) == 0
    notes = [line for line in site.lines() if "starting again" in line]
    assert notes[0] == "web | ended with status 3; starting again in 1.0 s"
    assert notes[1] == "web | ended with status 3; starting again in 2.0 s"


def test_a_killed_child_and_what_it_left_behind(tmp_path: Path) -> None:
    with supervising(tmp_path, f'run([python("web", {PARENT!r})])') as site:
        grandchild, child = site.pids(2)
        import os  # noqa: PLC0415

        os.kill(child, signal.SIGKILL)
        wait_gone([child, grandchild])
        assert len(site.pids(4)) == 4
        assert "web | was ended by signal 9; starting again in 1.0 s" in site.lines()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_everything_at_once(number: int, tmp_path: Path) -> None:
    code = f"""
        import signal
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may be under nohup
        run([python("a", {PARENT!r}), python("b", {STAYS!r})])
    """
    with supervising(tmp_path, code) as site:
        pids = site.pids(3)
        asked = time.monotonic()
        assert site.end(number) == 0
        assert time.monotonic() - asked < 3
        wait_gone(pids, 1)


def test_under_nohup_a_closed_terminal_ends_nothing(tmp_path: Path) -> None:
    code = f"""
        import signal
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        run([python("a", {STAYS!r})])
    """
    with supervising(tmp_path, code) as site:
        (pid,) = site.pids(1)
        site.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert site.process.poll() is None
        assert is_alive(pid)
        assert site.end(signal.SIGTERM) == 0


def test_who_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    code = f'run([python("web", {STAYS!r}), python("worker", {STUBBORN!r})], stop=1)'
    with supervising(tmp_path, code) as site:
        pids = site.pids(2)
        assert site.end(signal.SIGTERM) == 0
        wait_gone(pids, 1)
    assert "worker | does not end; killing it" in site.lines()


def test_the_second_signal_means_now(tmp_path: Path) -> None:
    with supervising(tmp_path, f'run([python("web", {STUBBORN!r})], stop=600)') as site:
        pids = site.pids(1)
        site.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert site.process.poll() is None
        assert site.end(signal.SIGINT) == 0
        wait_gone(pids, 1)


def test_a_killed_supervisor_leaves_no_child(tmp_path: Path) -> None:
    code = f'run([python("a", {STAYS!r}), python("b", {STUBBORN!r})])'
    with supervising(tmp_path, code) as site:
        pids = site.pids(2)
        assert site.end(signal.SIGKILL) == -signal.SIGKILL
        wait_gone(pids)


def test_each_waits_for_the_one_before(tmp_path: Path) -> None:
    code = f"""
        first = python("first", "import time, pathlib; time.sleep(0.5); "
                       f"pathlib.Path(r'{{here}}', 'up').touch(); " + {STAYS!r},
                       is_ready=(here / "up").exists)
        second = python("second", "import pathlib; "
                        f"print('saw', pathlib.Path(r'{{here}}', 'up').exists()); " + {STAYS!r})
        run([first, second], on_ready=lambda: print("ready", flush=True))
    """
    with supervising(tmp_path, code) as site:
        site.pids(2)
        wait_for(lambda: "ready" in site.lines(), lambda: str(site.lines()))
        assert "second | saw True" in site.lines()


def test_who_ends_at_start_is_named_once(tmp_path: Path) -> None:
    code = f"""
        run([python("redis", {STAYS!r}),
             python("web", "print('no setting'); raise SystemExit(2)", is_ready=lambda: False)])
    """
    with supervising(tmp_path, code) as site:
        assert site.process.wait(20) == 1
        wait_gone(site.said(), 1)
    assert site.lines()[-2:] == [
        "web   | no setting",
        "baijing: web ended with status 2 at start",
    ]


def test_who_is_never_ready_is_named(tmp_path: Path) -> None:
    code = f'run([python("web", {STAYS!r}, is_ready=lambda: False)], start=0.5)'
    with supervising(tmp_path, code) as site:
        assert site.process.wait(20) == 1
        wait_gone(site.said(), 1)
    assert site.lines()[-1] == "baijing: web is not ready after 0.5 s"


def test_where_asked_to_it_gives_up_on_who_keeps_dying(tmp_path: Path) -> None:
    code = f'run([python("a", {STAYS!r}), python("worker", "raise SystemExit(4)")], failures=2)'
    with supervising(tmp_path, code) as site:
        assert site.process.wait(20) == 1
        wait_gone(site.said(), 1)
    assert site.lines()[-1] == "baijing: worker ended with status 4, 2 times in a row"


def test_nobody_listening_ends_it(tmp_path: Path) -> None:
    code = f"""
        import os
        reader, writer = os.pipe()
        sys.stdout = os.fdopen(writer, "w")
        os.close(reader)
        (here / "supervisor").touch()
        run([python("a", {STAYS!r})])
    """
    with supervising(tmp_path, code) as site:
        wait_for((tmp_path / "supervisor").exists, lambda: "it starts")
        assert site.process.wait(10) is not None
