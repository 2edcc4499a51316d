"""Inputs that atheris finds by watching which branches they reach; bounded by the clock."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS
from tests.sandbox.conftest import FULL

ROOT = Path(__file__).parents[2]
SECONDS = 120 if FULL else 2
# compiled code shows no branches, and is held by a process of its own
NATIVE = {"binary_table"}


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris has no wheel for this machine"
)
@pytest.mark.parametrize("name", [name for name in TARGETS if name not in NATIVE])
def test_nothing_is_found(name: str, tmp_path: Path) -> None:
    corpus, found = tmp_path / "corpus", tmp_path / "found"
    corpus.mkdir()
    found.mkdir()
    for number, seed in enumerate(SEEDS[name]()):
        (corpus / str(number)).write_bytes(seed)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.fuzz.guided", name, str(corpus)),
            *(f"-max_total_time={SECONDS}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=2048"),
            f"-artifact_prefix={found}/",
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    inputs = [path.read_bytes() for path in found.iterdir()]
    assert (done.returncode, inputs) == (0, []), done.stderr[-3000:]
