"""The command line, in this process; only packs with built-in metrics, which need no sandbox."""

import json
import shutil
from pathlib import Path

import pytest

from sandbox import Run, RunResult, Verdict
from scoring import __main__ as command
from scoring.__main__ import main
from tests.unit.scoring.tables_under_test import write

BASE = Path(__file__).parents[2] / "pack_cases" / "_valid"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    shutil.copytree(BASE, folder)
    write(folder, "id,label\na,ok\nb,bad\n", "data/A/truth/truth.csv")
    return folder


def test_scores_as_json(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = write(pack.parent, "id,label,score\nb,bad,1\na,ok,0.5\n", "any-name.txt")

    assert main(["score", str(pack), str(answer), "--board", "A", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["scores"]["f1"] == 1.0
    assert printed["scores"]["loss"] == pytest.approx(0.34657, abs=1e-5)


def test_an_output_folder_and_plain_text(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = write(pack.parent / "out", "id,label,score\na,ok,0\nb,bad,1\n", "predictions.csv")

    assert main(["score", str(pack), str(answer.parent), "--board", "A"]) == 0
    assert capsys.readouterr().out.startswith("f1\t1.0\n")


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("zh-Hans", "第 2 行：label 取值“good”不在允许集合 {ok, bad} 中"),
        ("en", "line 2: label is “good”"),
    ],
)
def test_a_refused_answer_exits_1_with_lines(
    pack: Path, capsys: pytest.CaptureFixture[str], locale: str, words: str
) -> None:
    answer = write(pack.parent, "id,label,score\na,good,0\nb,bad,1\n")
    arguments = ["score", str(pack), str(answer), "--board", "A", "--locale", locale]

    assert main(arguments) == 1
    assert words in capsys.readouterr().err
    assert main([*arguments, "--json"]) == 1
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert error["line"] == 2
    assert words in error["text"]


def test_missing_rows_and_missing_answers_are_refused(
    pack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = write(pack.parent, "id,label,score\na,ok,0\n")

    assert main(["score", str(pack), str(answer), "--board", "A", "--locale", "en"]) == 1
    assert "1 id are missing, for example b" in capsys.readouterr().err
    (pack.parent / "empty").mkdir()
    assert main(["score", str(pack), str(pack.parent / "empty"), "--board", "A"]) == 1


class ScriptedSandbox:
    """Stands in for a backend: it writes what a scorer or a generator would have written."""

    name = "scripted"

    def __init__(self, verdict: Verdict | None = None) -> None:
        self.verdict = verdict
        self.runs: list[Run] = []

    def execute(self, run: Run) -> RunResult:
        self.runs.append(run)
        if run.command[1] == "generate.py":
            write(run.output, "id,label\na,ok\nb,bad\n", "A/truth/truth.csv")
        else:
            result = {"status": "ok", "scores": {"cost": 2.0}, "cases": [{"id": "r1"}]}
            write(run.output, json.dumps(result), "result.json")
        return RunResult(
            verdict=self.verdict,
            message="killed",
            exit_code=0,
            wall_s=0.1,
            cpu_s=0.1,
            peak_memory_bytes=0,
            output_bytes=0,
            log="",
            log_truncated=False,
            backend="scripted",
            image_digest="",
        )


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> ScriptedSandbox:
    scripted = ScriptedSandbox()
    monkeypatch.setattr(command, "choose_sandbox", lambda *_args, **_options: (scripted, "as set"))
    return scripted


def test_absent_data_are_generated_with_the_seed_of_the_baseline(
    pack: Path, sandbox: ScriptedSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(pack / "data")
    answer = write(pack.parent, "id,label,score\na,ok,0\nb,bad,1\n")

    assert main(["score", str(pack), str(answer), "--board", "A"]) == 0
    assert "scripted: as set" in capsys.readouterr().err
    assert sandbox.runs[0].command[2:4] == ("--seed", "1")
    sandbox.verdict = Verdict.TIME_LIMIT
    assert main(["score", str(pack), str(answer), "--board", "A"]) == 2
    assert "time_limit: killed" in capsys.readouterr().err


def test_a_scorer_runs_in_the_sandbox(
    pack: Path, sandbox: ScriptedSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (pack / "problem.yaml").read_text(encoding="utf-8")
    before, after = text.split("scoring:")
    column = "{key: cost, direction: min, primary: true}"
    rules = f"scoring:\n  partition: rows\n  scorer: scorer.py\n  columns: [{column}]\n"
    rest = after[after.index("resources:") :].replace("{A: {f1: 0.5}}", "{A: {cost: 2}}")
    write(pack, before + rules + rest, "problem.yaml")
    write(pack, "", "scorer.py")
    answer = write(pack.parent, "id,label,score\na,ok,0\nb,bad,1\n")
    arguments = ["score", str(pack), str(answer), "--board", "A"]

    assert main(arguments) == 0
    assert capsys.readouterr().out == 'cost\t2.0\n{"id": "r1"}\n'
    assert set(sandbox.runs[0].mounts) == {"/answer", "/truth"}
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cases"] == [{"id": "r1"}]
    sandbox.verdict = Verdict.MEMORY_LIMIT
    assert main(arguments) == 2
    assert "memory_limit: killed" in capsys.readouterr().err


def test_a_giant_is_refused_before_it_is_read(
    pack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = write(pack.parent, "x" * ((1 << 20) + 1))

    assert main(["score", str(pack), str(answer), "--board", "A", "--locale", "en"]) == 1
    assert "the limit is 1048576" in capsys.readouterr().err


def test_what_cannot_be_scored_exits_2(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = write(pack.parent, "id,label,score\na,ok,0\nb,bad,1\n")

    assert main(["score", str(pack), str(answer), "--board", "B"]) == 2
    assert "no board B" in capsys.readouterr().err
    assert main(["score", str(pack), str(pack.parent / "nothing"), "--board", "A"]) == 2
    assert main(["score", str(pack.parent), str(answer), "--board", "A"]) == 2
    assert "problem.yaml" in capsys.readouterr().err
    write(pack, "id,label\na,good\nb,bad\n", "data/A/truth/truth.csv")
    assert main(["score", str(pack), str(answer), "--board", "A"]) == 2
