"""Every pack has headroom: a stronger solution beats the recorded baseline on both boards.

The solutions stand beside this file, one folder per pack, and are what a good team might submit.
"""

import json
import runpy
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from problems.pack import Pack, load_pack
from scoring import score_answer

ROOT = Path(__file__).resolve().parents[2]
SEED = "2025"
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Margin:
    """By how much the primary column must be better, and what else must hold."""

    better_by: float
    at_least: tuple[tuple[str, float], ...] = ()


MARGINS = {
    "pcb-defects": Margin(0.1),
    "heat-sink": Margin(0.1, (("r2", 0.97),)),
    "milk-run": Margin(0.15, (("feasible_rate", 1.0),)),
    "job-shop": Margin(0.1, (("feasible_rate", 1.0),)),
    "demand-forecast": Margin(0.16),
    "bearing-fault": Margin(0.2, (("macro_f1", 0.8),)),
}


def test_every_pack_has_a_stronger_solution() -> None:
    packs = {path.parent.name for path in (ROOT / "problems").glob("*/problem.yaml")}
    assert packs == set(MARGINS)


@pytest.mark.parametrize("slug", sorted(MARGINS))
def test_the_stronger_solution_beats_the_baseline(slug: str, tmp_path: Path) -> None:
    pack, margin = load_pack(ROOT / "problems" / slug), MARGINS[slug]
    data = generate(pack, tmp_path / "data")
    primary = pack.spec.scoring.primary
    assert pack.spec.baseline is not None
    for board, recorded in pack.spec.baseline.scores.items():
        given = data / "input" if pack.spec.is_split_by_rows else data / board / "input"
        answer = solve(slug, given, tmp_path / given.relative_to(data).as_posix().replace("/", "-"))
        scores = score(pack, answer, data / board / "truth")
        gain = scores[primary.key] - recorded[primary.key]
        assert gain * (1 if primary.direction == "max" else -1) > margin.better_by, scores
        assert all(scores[key] >= least for key, least in margin.at_least), scores


def generate(pack: Pack, out: Path) -> Path:
    script = pack.directory / "generate.py"
    command = [sys.executable, "-B", str(script), "--seed", SEED, "--out", str(out)]
    subprocess.run(command, check=True, timeout=300)
    return out


def solve(slug: str, given: Path, out: Path) -> Path:
    """Run the solution once per input; both boards of `rows` share the answer."""
    if not out.exists():
        out.mkdir()
        folders = {"INPUT_DIR": str(given), "OUTPUT_DIR": str(out), "SEED": "1"}
        script = ROOT / "tests" / "solutions" / slug / "main.py"
        subprocess.run([sys.executable, "-B", str(script)], env=folders, check=True, timeout=500)
    return out


def score(pack: Pack, answer: Path, truth: Path) -> dict[str, float]:
    spec = pack.spec
    if spec.scoring.scorer is None:
        assert spec.submission.table is not None
        file = answer / spec.submission.file
        return dict(score_answer(file, truth, spec.submission.table, spec.scoring).scores)
    program = runpy.run_path(str(pack.directory / spec.scoring.scorer))
    scored = json.loads(json.dumps(program["score"](answer, truth)))
    return {key: float(value) for key, value in scored["scores"].items()}
