from importlib import util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "download_wheels.py"
LOCK = """\
# comment
always==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via something
old==1.1 ; python_full_version < '3.11.3' \\
    --hash=sha256:cc
new==2.0 ; python_full_version >= '3.12' \\
    --hash=sha256:dd
windows==3.0 ; sys_platform == 'win32' \\
    --hash=sha256:ee
"""


@pytest.fixture
def script() -> ModuleType:
    spec = util.spec_from_file_location("download_wheels", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("python", "names"),
    [
        ("3.11.2", {"always==1.0", "old==1.1"}),
        ("3.11.9", {"always==1.0"}),
        ("3.12.0", {"always==1.0", "new==2.0"}),
    ],
)
def test_lines_are_judged_by_the_python_in_the_image(
    script: ModuleType, tmp_path: Path, python: str, names: set[str]
) -> None:
    (tmp_path / "lock").write_text(LOCK)
    lines = list(script.select_for(python, tmp_path / "lock"))
    assert {line.split()[0] for line in lines} == names
    assert all(";" not in line for line in lines)
    assert lines[0].split()[1:] == ["--hash=sha256:aa", "--hash=sha256:bb"]


def test_our_own_lock_is_understood(script: ModuleType) -> None:
    requirements = [requirement for requirement, _ in script.read_lock(script.LOCK)]
    assert "flask" in {requirement.name for requirement in requirements}
    assert all(len(requirement.specifier) == 1 for requirement in requirements)
