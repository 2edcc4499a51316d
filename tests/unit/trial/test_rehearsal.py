"""A trial with a sandbox that does as it is told: what is checked, run, scored, and what is not."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from problems.pack import load_pack
from problems.spec import Kind, ProblemSpec
from sandbox import Run, RunResult
from sandbox.types import ProgramError, Verdict
from tests.factories.packs import write_pack, zip_folder
from tests.fakes.ports import ScriptedSandbox, finished
from trial.owners import INSTALLATION, is_alive, own_name
from trial.rehearsal import FOREIGN, NO_INPUT, NOT_SCORED, Ending, Surroundings, rehearse
from trial.request import TrialRequest
from trial.uploads import UploadError


@dataclass
class Home:
    """A team's machine: what it tries, and what its sandbox does."""

    folder: Path
    spec: ProblemSpec
    sandbox: ScriptedSandbox = field(default_factory=ScriptedSandbox)

    def tries(self, **changes: object) -> Ending:
        code = self.folder / "mine"
        code.mkdir()
        (code / "main.py").write_text("first\nsecond\n")
        archive = self.folder / "code.zip"
        archive.write_bytes(zip_folder(code))
        asked = TrialRequest(
            spec=self.spec, kind=Kind.CODE, submission=archive, state=self.folder / "state"
        ).model_copy(update=changes)
        work = self.folder / "work"
        work.mkdir()
        return rehearse(asked, Surroundings(work, lambda: self.sandbox, lambda _piece: None, print))

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, load_pack(write_pack(tmp_path / "pack")).spec)


def answers(text: str, **facts: object) -> Callable[[Run], RunResult]:
    def act(run: Run) -> RunResult:
        (run.output / "predictions.csv").write_text(text)
        return finished(**facts)

    return act


def test_without_a_public_input_nothing_is_run(home: Home) -> None:
    ending = home.tries()
    assert (ending.verdict, ending.notes, home.sandbox.runs) == ("", (NO_INPUT,), [])


def test_an_imported_problem_is_checked_and_not_run(home: Home) -> None:
    bundle = {"format": "codabench", "settings": {}}
    spec = home.spec.model_copy(update={"bundle": ProblemSpec.model_fields["bundle"].default})
    home.spec = ProblemSpec.model_validate(
        {
            **spec.model_dump(mode="json", by_alias=True, exclude_none=True),
            "bundle": bundle,
            "submission": {"kinds": ["code"], "file": "answer.zip"},
            "scoring": {
                "partition": "rows",
                "scorer": "scorer.py",
                "columns": [{"key": "score", "direction": "max", "primary": True}],
            },
        }
    )
    ending = home.tries(input=home.write("input/test.csv", "id\n").parent)
    assert (ending.notes, home.sandbox.runs) == ((FOREIGN,), [])


def test_a_run_has_the_problems_limits_and_is_this_processes(home: Home) -> None:
    home.sandbox.act = answers("id,label\nd0,ok\n")
    ending = home.tries(input=home.write("input/test.csv", "id\nd0\n").parent)
    (run,) = home.sandbox.runs
    assert (run.limits.wall_s, run.limits.memory_bytes) == (60, 1 << 30)
    assert (run.command, run.collect) == (("python", "main.py"), ("predictions.csv",))
    assert run.owner == own_name()
    assert (ending.verdict, ending.notes, ending.scores) == ("", (NOT_SCORED,), {})


@pytest.mark.parametrize(
    ("text", "verdict", "scores"),
    [
        ("id,label\nd0,ok\nd1,bad\n", "", {"accuracy": 0.5}),
        ("id,label\nd0,ok\n", "invalid_output", {}),
        ("id,label\nd0,ok\nd1,maybe\n", "invalid_output", {}),
        ("x" * (2 << 20), "invalid_output", {}),
    ],
)
def test_an_answer_is_held_to_the_public_truth(
    home: Home, text: str, verdict: str, scores: dict[str, float]
) -> None:
    home.sandbox.act = answers(text)
    source = home.write("input/test.csv", "id\nd0\nd1\n").parent
    truth = home.write("truth/truth.csv", "id,label\nd0,ok\nd1,ok\n").parent
    ending = home.tries(input=source, truth=truth)
    assert (ending.verdict, dict(ending.scores)) == (verdict, scores)
    assert bool(ending.messages) == bool(verdict)


def test_a_truth_that_cannot_be_read_is_the_organisers_fault(home: Home) -> None:
    home.sandbox.act = answers("id,label\nd0,ok\n")
    source = home.write("input/test.csv", "id\nd0\n").parent
    truth = home.write("truth/truth.csv", "id,label\nd0,maybe\n").parent
    assert home.tries(input=source, truth=truth).verdict == "scorer_error"


def test_the_keys_are_the_samples_where_the_input_is_the_boards(home: Home) -> None:
    home.sandbox.act = answers("id,label\nd0,ok\n")
    source = home.write("input/test.csv", "id\nd0\n").parent
    sample = home.write("sample_predictions.csv", "id,label\nd0,ok\nd1,ok\n")
    ending = home.tries(input=source, sample=sample, keys_of_sample=True)
    assert ending.verdict == "invalid_output"
    assert "d1" in ending.messages[0].render("en")


def test_a_packs_own_scorer_runs_where_it_is_public(home: Home, tmp_path: Path) -> None:
    home.spec = ProblemSpec.model_validate(
        {
            **home.spec.model_dump(mode="json", by_alias=True, exclude_none=True),
            "scoring": {
                "partition": "rows",
                "scorer": "scorer.py",
                "columns": [{"key": "score", "direction": "max", "primary": True}],
            },
        }
    )

    def act(run: Run) -> RunResult:
        if "/truth" not in run.mounts:
            return answers("id,label\nd0,ok\n")(run)
        assert (run.code / "scorer.py").read_text() == "theirs"
        (run.output / "result.json").write_text('{"status": "ok", "scores": {"score": 0.75}}')
        return finished()

    home.sandbox.act = act
    source = home.write("input/test.csv", "id\nd0\n").parent
    truth = home.write("truth/anything", "x").parent
    scorer = home.write("scorer.py", "theirs")
    ending = home.tries(input=source, truth=truth, scorer=scorer)
    assert (ending.verdict, dict(ending.scores)) == ("", {"score": 0.75}), ending.messages


def test_a_failure_is_explained_at_its_line(home: Home) -> None:
    error = ProgramError("ValueError", "of mine", "main.py", 2, "solve")
    home.sandbox.act = lambda _run: finished(
        verdict=Verdict.RUNTIME_ERROR, exit_code=1, error=error
    )
    ending = home.tries(input=home.write("input/test.csv", "id\n").parent)
    assert ending.verdict == "runtime_error"
    assert "main.py, line 2" in ending.messages[0].render("en")
    assert (2, "second") in ending.excerpt


def test_what_the_problem_does_not_take_is_refused(home: Home) -> None:
    home.spec = home.spec.model_copy(
        update={"submission": home.spec.submission.model_copy(update={"kinds": (Kind.CODE,)})}
    )
    with pytest.raises(UploadError, match="takes code alone"):
        home.tries(kind=Kind.PREDICTIONS)


def test_a_trial_of_somebody_else_is_left_alone() -> None:
    assert is_alive(own_name())
    for owner in (f"{INSTALLATION}/4194304999/1", f"{INSTALLATION}/x/1", "", "a/b"):
        assert not is_alive(owner)
