"""Bundles of other platforms, imported and run by the real pipeline in the real sandbox."""

import io
import json
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.bundles.dumps import export_problem
from app.bundles.operations import import_bundle
from app.bundles.wishes import Report, Wish
from app.contributions import contributions
from app.core.audit import Actor
from app.core.platform import Platform
from app.evaluations.jobs import evaluate_one
from app.evaluations.models import Evaluation, State
from app.problems.models import Problem
from app.problems.publishing import publish_directory
from app.settings import Settings
from app.submissions.models import Kind
from problems.bundles.writing import Choices
from tests.factories import make_submission
from tests.factories.bundles import codabench_files, evalai_files, write_zip
from tests.sandbox.conftest import BUBBLEWRAP, DOCKER

TINY = Path(__file__).parents[1] / "packs" / "tiny"
SEES = """\
import os

def predict(row):
    for path in ("/app/program", "/app/input_data", "/app/ingested_program", "/code"):
        try:
            open(path + "/new", "w")
        except OSError:
            continue
        return "bad"
    open("/app/output/note.txt", "w").write("kept")
    found = {os.getcwd(), *os.listdir("/app"), *os.listdir("/app/input_data")}
    print(sorted(found))
    return "ok" if found == {"/app/program", "program", "output", "input_data",
                             "ingested_program", "rows.txt"} else "bad"
"""


class Site:
    """A platform with a real sandbox, and what the tests do to it."""

    def __init__(self, app: Flask, platform: Platform, settings: Settings) -> None:
        self.app, self.platform, self.settings = app, platform, settings

    def bring(self, archive: Path, slug: str = "") -> Report:
        return import_bundle(
            self.platform,
            archive,
            Wish(Choices(slug=slug)),
            actor=Actor(None, "test"),
            submit_baseline=contributions().submit_baseline,
        )

    def work(self) -> list[Evaluation]:
        """Evaluate what waits; return all there is, in order."""
        while evaluate_one(self.platform, self.settings, "cpu", "worker"):
            pass
        with self.platform.database.reading() as session:
            found = list(session.scalars(select(Evaluation).order_by(Evaluation.id)))
            assert all(one.scores is not None for one in found)  # loaded while it can be
            return found

    @staticmethod
    def scores(evaluation: Evaluation) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        for score in evaluation.scores:
            found.setdefault(score.board.value, {})[score.key] = score.value
        return found

    def hand_in(self, content: bytes, kind: Kind) -> None:
        blob = self.platform.blobs.put(io.BytesIO(content))
        with self.platform.database.transaction() as session:
            problem = session.scalars(select(Problem)).one()
            make_submission(session, problem=problem, kind=kind, blob=blob.digest, size=blob.size)


@pytest.fixture
def site(app: Flask, platform: Platform, settings: Settings) -> Site:
    return Site(app, platform, settings)


@pytest.mark.parametrize("backend", [DOCKER, BUBBLEWRAP], indirect=True)
def test_code_is_started_by_the_bundles_program_in_its_folders(site: Site, tmp_path: Path) -> None:
    files = codabench_files(code=True) | {"solution/model.py": SEES}
    report = site.bring(write_zip(tmp_path / "bundle.zip", files))
    (made,) = report.problems
    assert "A: accuracy 0.5, errors 2, mean 1.25" in [said.render("en") for said in made.findings]
    (evaluation,) = site.work()
    assert evaluation.state is State.SCORED, (evaluation.verdict, evaluation.messages)
    # every row is `ok` where the folders are as they should be, and half of the truth is
    assert site.scores(evaluation) == {"A": {"accuracy": 0.5, "errors": 2.0, "mean": 1.25}}


@pytest.mark.parametrize("backend", [BUBBLEWRAP], indirect=True)
def test_a_challenge_of_evalai_scores_both_boards_with_one_answer(
    site: Site, tmp_path: Path
) -> None:
    site.bring(write_zip(tmp_path / "challenge.zip", evalai_files(tmp_path)))
    site.hand_in(json.dumps([1, 2, 7]).encode(), Kind.PREDICTIONS)
    site.hand_in(b"no json", Kind.PREDICTIONS)
    good, bad = site.work()
    assert site.scores(good) == {"A": {"hits": 2.0, "total": 4.0}, "B": {"hits": 1.0, "total": 2.0}}
    assert bad.verdict is not None
    assert bad.verdict.value == "invalid_output"
    assert "JSONDecodeError" in str(bad.messages)


@pytest.mark.parametrize("backend", [BUBBLEWRAP], indirect=True)
def test_a_problem_of_ours_scores_the_same_as_a_bundle(site: Site, tmp_path: Path) -> None:
    with site.app.app_context():  # which knows how a baseline is submitted
        publish_directory(
            site.platform,
            TINY,
            seed=None,
            contest_slug=None,
            actor=Actor(None, "test"),
            progress=lambda _line: None,
        )
    made = export_problem(site.platform, "tiny", tmp_path, actor=Actor(None, "test"))
    site.bring(made.bundle, slug="tiny-again")
    ours, theirs = site.work()
    expected = site.scores(ours)["A"]
    assert site.scores(theirs) == {"A": expected}
    assert set(expected) == {"macro_f1", "accuracy"}
