from pathlib import Path

import pytest

from problems.check import CheckReport, CheckTools, check_pack
from problems.report import FINDINGS, STEPS, StepReport
from tests.unit.problems.local_runner import LocalRunner, find_command
from tests.unit.problems.packs_under_test import (
    BASELINE,
    SCORER,
    TABULAR_GENERATOR,
    edit,
    scorer_pack,
    tabular_pack,
)


def check(folder: Path) -> CheckReport:
    return check_pack(folder, CheckTools(LocalRunner(), find_command))


def errors(report: CheckReport) -> dict[str, list[str]]:
    return {
        step.name: [finding.code for finding in step.findings if finding.level == "error"]
        for step in report.steps
        if not step.is_ok
    }


def test_a_tabular_pack_passes_every_step(tmp_path: Path) -> None:
    seen = list[StepReport]()
    report = check_pack(
        tabular_pack(tmp_path / "p"), CheckTools(LocalRunner(), find_command), seen.append
    )

    assert report.is_ok, report.render("en")
    assert [step.name for step in report.steps] == list(STEPS)
    assert tuple(seen) == report.steps
    assert report.seconds > 0
    for locale in ("zh-Hans", "en"):
        assert len(report.render(locale).splitlines()) > len(STEPS)


def test_a_pack_with_a_scorer_and_sets_passes(tmp_path: Path) -> None:
    report = check(scorer_pack(tmp_path / "p"))

    assert report.is_ok, report.render("en")


def test_a_malformed_pack_ends_with_its_structure(tmp_path: Path) -> None:
    folder = tabular_pack(tmp_path / "p")
    edit(folder, "area: maintenance", "area: gardening")
    report = check(folder)

    assert [step.name for step in report.steps] == ["structure"]
    assert "problem.yaml:5" in report.render("zh-Hans")


def generator(old: str, new: str) -> str:
    assert old in TABULAR_GENERATOR
    return TABULAR_GENERATOR.replace(old, new)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("raise SystemExit(3)", {"data": ["generator_failed"]}),
        (
            generator("random.Random(a.seed)", "random.Random()"),
            {"reproducible": ["bytes_differ"] * 5},
        ),
        (
            TABULAR_GENERATOR + "\nimport os\nwrite(f'public/{os.getpid()}.csv', 'x', [])",
            {"reproducible": ["file_only_once"] * 2},
        ),
        (generator("rows[50:]", "rows[:]"), {"data": ["shared_keys"]}),
        (generator("public/sample_predictions.csv", "public/s.csv"), {"data": ["missing_sample"]}),
        (generator('("public", "input")', '("public",)'), {"data": ["missing"]}),
        (generator('"A/truth/truth.csv"', '"A/truths.csv"'), {"data": ["missing"]}),
        (
            generator(
                'write("public/sample_predictions.csv", "id,label,score", [f"{i},ok,0.5"',
                'write("public/sample_predictions.csv", "id,label,score", [f"{i},ok,5"',
            ),
            {"sample": ["refused", "refused"]},
        ),
        (generator('"id,x", [f"{i},{x:.6f}" for i, _, x', '"id,x", [f"{i},{y}" for i, y, x'), None),
    ],
)
def test_what_a_generator_can_do_wrong(
    tmp_path: Path, text: str, expected: dict[str, list[str]] | None
) -> None:
    found = errors(check(tabular_pack(tmp_path / "p", generator=text)))

    if expected is None:
        assert set(found["leaks"]) == {"column_leak"}
    else:
        assert found == expected


def test_an_unusable_truth_is_reported(tmp_path: Path) -> None:
    text = generator(
        '"A/truth/truth.csv", "id,label", [f"{i},{label}"',
        '"A/truth/truth.csv", "id,label", [f"{i},good"',
    )
    found = errors(check(tabular_pack(tmp_path / "p", generator=text)))

    assert "scorer_error" in found["sample"]
    assert found["perfect"] == ["truth_error"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("raise SystemExit(1)", "baseline_failed"),
        ("pass", "baseline_failed"),
        (BASELINE.replace("bad,0.5", "good,0.5"), "refused"),
        (
            BASELINE.replace("bad,0.5", "{'bad' if int(row['id'][1:]) % 2 else 'ok'},0.5"),
            "baseline_off",
        ),
    ],
)
def test_what_a_baseline_can_do_wrong(tmp_path: Path, text: str, code: str) -> None:
    found = errors(check(tabular_pack(tmp_path / "p", baseline=text)))

    assert set(found) == {"baseline"}
    assert code in found["baseline"]


def test_warnings_do_not_fail_a_pack(tmp_path: Path) -> None:
    folder = tabular_pack(tmp_path / "p")
    edit(folder, ", B: {f1: 0.34}", "")
    report = check(folder)

    assert report.is_ok
    assert "not_recorded" in {finding.code for finding in report.steps[-1].findings}


CRASHING = """
import json

def score(output, truth):
    guess = json.loads((output / "answer.json").read_text(encoding="utf-8"))["guess"]
    return {"scores": {"error": float(guess)}}
"""

CREDULOUS = """
def score(output, truth):
    return {"scores": {"error": float((output / "answer.json").stat().st_size)}}
"""


@pytest.mark.parametrize(
    ("text", "code"), [(CRASHING, "malformed_crash"), (CREDULOUS, "malformed_accepted")]
)
def test_a_scorer_must_refuse_nonsense_in_words(tmp_path: Path, text: str, code: str) -> None:
    found = errors(check(scorer_pack(tmp_path / "p", scorer=text)))

    assert set(found["malformed"]) == {code}


def test_an_answer_without_a_finite_score_is_reported(tmp_path: Path) -> None:
    text = SCORER.replace("abs(guess - best)", "float('nan')")
    found = errors(check(scorer_pack(tmp_path / "p", scorer=text)))

    assert found["sample"] == ["invalid_scores"]


def test_both_languages_name_the_same_things() -> None:
    for chinese, english in [*FINDINGS.values(), *STEPS.values()]:
        names = [
            {part.split("}")[0] for part in text.split("{")[1:]} for text in (chinese, english)
        ]
        assert names[0] == names[1]
