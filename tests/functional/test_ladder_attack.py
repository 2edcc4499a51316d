"""The boosting attack of Blum and Hardt (2015), mounted through the site on two boards.

The attacker knows nothing. It hands in random answers, keeps those that the site calls better than
chance, and lets them vote.
"""

import io
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.core.audit import THE_CLOCK
from app.core.platform import Platform
from app.evaluations.api_models import describe_submission
from app.evaluations.intake import Delivery, accept
from app.evaluations.jobs import evaluate_one
from app.problems.models import Board, Problem
from app.problems.preparing import prepare_pack
from app.problems.publishing import publish
from app.settings import Settings
from app.submissions.models import Kind, Submission
from tests.factories import make_user
from tests.factories.ladder import FREE, STEP, in_force
from tests.factories.packs import write_pack

pytestmark = pytest.mark.functional
ITEMS: Final = 100
ANSWERS: Final = 30
Rules = dict[str, Any]
LABELS: Final = np.array(["ok", "bad"])


class Attack:
    """One attacker on one problem whose labels are drawn by lot, A's first and then B's."""

    def __init__(self, platform: Platform, settings: Settings, folder: Path, rules: Rules) -> None:
        self.platform, self.settings = platform, settings
        self.rng = np.random.default_rng(2)
        self.truth = self.rng.integers(0, 2, 2 * ITEMS)
        pack = write_pack(folder / "pack", slug="pcb")
        self._write(pack / "data")
        prepared = prepare_pack(platform, pack, seed=None, progress=lambda _step: None)
        with platform.database.transaction() as session:
            publish(session, prepared, actor=THE_CLOCK, now=platform.clock.now())
            problem = session.scalars(select(Problem)).one()
            problem.board_rules, problem.submissions_per_day = rules, 1000
            self.user = make_user(session)

    def _write(self, data: Path) -> None:
        files = {
            "public/sample_predictions.csv": self._answer(np.zeros(2 * ITEMS, dtype=int)),
            "input/test.csv": "id\n" + "".join(f"r{row}\n" for row in range(2 * ITEMS)),
            "A/truth/truth.csv": self._table(range(ITEMS), self.truth),
            "B/truth/truth.csv": self._table(range(ITEMS, 2 * ITEMS), self.truth),
        }
        for name, text in files.items():
            (data / name).write_text(text)

    def _answer(self, labels: np.ndarray) -> str:
        return self._table(range(2 * ITEMS), labels)

    def _table(self, rows: range, labels: np.ndarray) -> str:
        return "id,label\n" + "".join(f"r{row},{LABELS[labels[row]]}\n" for row in rows)

    def ask(self, labels: np.ndarray) -> tuple[float, float, float]:
        """Hand an answer in; return what the site tells, and what it found on A and on B."""
        file = io.BytesIO(self._answer(labels).encode())
        delivery = Delivery(file=file, filename="predictions.csv", kind=Kind.PREDICTIONS)
        with self.platform.database.reading() as session:
            user = session.get_one(User, self.user.id)
        number = accept(self.platform, "pcb", user, delivery)
        assert evaluate_one(self.platform, self.settings, "cpu", "worker")
        with self.platform.database.reading() as session:
            evaluation = in_force(session, number)
            submission = session.get_one(Submission, number)
            told = describe_submission(submission, [evaluation], self.user, "en").scores
            found = {score.board: score.value for score in evaluation.scores}
        return told["A"]["accuracy"], found[Board.A], found[Board.B]

    def mount(self) -> float:
        """Return by how much the vote does better on A, which was asked, than on B."""
        votes = np.zeros(2 * ITEMS)
        for _ in range(ANSWERS):
            labels = self.rng.integers(0, 2, 2 * ITEMS)
            told, _, _ = self.ask(labels)
            if told > 0.5:
                votes += 2 * labels - 1
        _, on_a, on_b = self.ask((votes > 0).astype(int))
        return on_a - on_b


@pytest.mark.parametrize(
    ("rules", "is_fooled"),
    [({}, True), (STEP, False), (FREE, False)],
    ids=["plain", "step", "parameter-free"],
)
def test_random_answers_that_vote_fool_a_plain_board_alone(
    platform: Platform, settings: Settings, tmp_path: Path, rules: Rules, is_fooled: bool
) -> None:
    gap = Attack(platform, settings, tmp_path, rules).mount()
    assert gap > 0.15 if is_fooled else gap < 0.1
