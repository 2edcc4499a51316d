"""Scorer programs run as real processes; what they write is read back by the trusted side."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scoring import InvalidScores, InvalidSubmission, ScorerError, ScoreResult, Scoring
from scoring.program import main, read_program_result, run_scorer

ROOT = Path(__file__).parents[3]
SCORING = Scoring.model_validate(
    {
        "partition": "rows",
        "scorer": "scorer.py",
        "columns": (
            {"key": "cost", "direction": "min", "primary": True},
            {"key": "rate", "direction": "max"},
        ),
    }
)
HEAD = "from scoring import InvalidSubmission\n\ndef score(output, truth):\n"


def run(folder: Path, body: str, *, head: str = HEAD) -> tuple[int, str, Path]:
    """Run a scorer in a process of its own; return its status, its stderr and its result file."""
    for name in ("code", "answer", "truth", "output"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "code" / "scorer.py").write_text(head + body, encoding="utf-8")
    (folder / "answer" / "routes.json").write_text("[1, 2]", encoding="utf-8")
    (folder / "truth" / "best.json").write_text("5", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "scoring.program", str(folder / "answer"), str(folder / "truth")],
        cwd=folder / "code",
        env={**os.environ, "OUTPUT_DIR": str(folder / "output"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr, folder / "output" / "result.json"


def test_scores_and_cases_come_back(tmp_path: Path) -> None:
    body = """
    import json
    import numpy as np
    routes = json.loads((output / "routes.json").read_text())
    best = json.loads((truth / "best.json").read_text())
    cases = [{"id": "r1", "cost": np.float64(2.5), "stops": np.array(routes), "ok": np.bool_(True)}]
    return {"scores": {"cost": np.float32(best), "rate": np.int64(1)}, "cases": cases}
"""
    status, _, path = run(tmp_path, body)
    result = read_program_result(path, SCORING)

    assert status == 0
    assert result.scores == {"cost": 5.0, "rate": 1.0}
    assert result.cases == ({"id": "r1", "cost": 2.5, "stops": [1, 2], "ok": True},)


def test_a_refusal_carries_its_words_in_both_languages(tmp_path: Path) -> None:
    status, _, path = run(
        tmp_path, '    raise InvalidSubmission(zh="站点 3 重复", en="stop 3 twice")\n'
    )

    assert status == 0
    with pytest.raises(InvalidSubmission) as caught:
        read_program_result(path, SCORING)
    (message,) = caught.value.messages
    assert (message.render("zh-Hans"), message.render("en")) == ("站点 3 重复", "stop 3 twice")


def test_a_crash_is_the_scorers_error_with_the_last_line_of_the_traceback(tmp_path: Path) -> None:
    status, stderr, path = run(tmp_path, '    return {}["routes"]\n')

    assert status == 0
    assert "Traceback" in stderr
    with pytest.raises(ScorerError, match="KeyError: 'routes'"):
        read_program_result(path, SCORING)


def test_a_scorer_may_import_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "rules.py").write_text("BEST = 2\n")
    _, _, path = run(
        tmp_path, '    from rules import BEST\n    return {"scores": {"cost": BEST, "rate": 0}}\n'
    )

    assert read_program_result(path, SCORING).scores["cost"] == 2.0


def test_the_package_needs_no_numerical_library_for_a_refusal() -> None:
    code = (
        "import sys\nsys.modules['pydantic'] = None\nsys.modules['pandas'] = None\n"
        "sys.modules['sklearn'] = None\nfrom scoring import InvalidSubmission\n"
        "import scoring.program\nprint(InvalidSubmission('x'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "x\n"), done.stderr


def test_the_result_is_written_where_the_run_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scorer.py").write_text(
        HEAD + "    import numpy as np\n"
        '    return {"scores": {"cost": np.int64(7), "rate": 0.5}, "cases": [{"a": np.ones(2)}]}\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OUTPUT_DIR", str(tmp_path))

    assert main([str(tmp_path), str(tmp_path)]) == 0
    result = read_program_result(tmp_path / "result.json", SCORING)
    assert result.scores == {"cost": 7.0, "rate": 0.5}
    assert result.cases == ({"a": [1.0, 1.0]},)


def outcome(folder: Path, body: str, *, head: str = HEAD) -> ScoreResult:
    (folder / "scorer.py").write_text(head + body, encoding="utf-8")
    path = folder / "result.json"
    path.write_text(json.dumps(run_scorer(folder, folder, folder)), encoding="utf-8")
    return read_program_result(path, SCORING)


@pytest.mark.parametrize(
    ("returned", "error", "words"),
    [
        ('{"scores": {"cost": 1}}', InvalidScores, "rate is missing"),
        ('{"scores": {"cost": 1, "rate": float("nan")}}', InvalidScores, "rate is not a finite"),
        ('{"scores": {"cost": -float("inf"), "rate": 1}}', InvalidScores, "cost is not a finite"),
        ('{"scores": {"cost": 10**400, "rate": 1}}', InvalidScores, "cost is not a finite"),
        ('{"scores": {"cost": 1, "rate": 1, "x": 1}}', InvalidScores, "unknown column x"),
        ('{"scores": {"cost": True, "rate": 1}}', ScorerError, "cost is not a number"),
        ('{"scores": {"cost": "1", "rate": 1}}', ScorerError, "cost is not a number"),
        ('{"scores": {"cost": None, "rate": 1}}', ScorerError, "cost is not a number"),
        ("None", ScorerError, "must return"),
        ('{"scores": [1]}', ScorerError, "must return"),
        ('{"scores": {"cost": 1, "rate": object()}}', ScorerError, "not plain data"),
        ('{"scores": {"cost": 1, "rate": 1}, "cases": [1]}', ScorerError, "not an object"),
        ('{"scores": {"cost": 1, "rate": 1}, "cases": [{}] * 20000}', ScorerError, "at most"),
        ('{"scores": {"cost": 1, "rate": 1}, "cases": [[[[[[[[[]]]]]]]]]}', ScorerError, "plain"),
    ],
)
def test_whatever_a_scorer_returns_has_a_verdict(
    tmp_path: Path, returned: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        outcome(tmp_path, f"    return {returned}\n")


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("def grade(): pass\n#", "score"),
        ("import no_such_module\n#", "no_such_module"),
        ("(\n#", "SyntaxError"),
    ],
)
def test_a_scorer_that_does_not_load(tmp_path: Path, head: str, words: str) -> None:
    with pytest.raises(ScorerError, match=words):
        outcome(tmp_path, "", head=head)
