from datetime import UTC, datetime
from pathlib import Path

from problems.bundles.model import FileFormat
from problems.bundles.notes import Level
from tests.factories.bundles import SCORING
from tests.unit.problems.bundles.opening import read, refused, said

DESCRIBED = """\
title: Old seams
description: From the old platform
image: logo.png
has_registration: True
competition_docker_image: codalab/codalab-legacy:py3
end_date: 2026-08-01
html:
  overview: overview.html
  terms: terms.html
phases:
  1:
    phasenumber: 1
    label: Development
    start_date: 2026-05-01
    max_submissions: 30
    is_parallel_parent: False
    reference_data: ref
    scoring_program: scoring
  2:
    phasenumber: 2
    label: Final
    start_date: 2026-07-01
    reference_data: ref
    scoring_program: scoring
    color: purple
leaderboard:
  leaderboards:
    Results: &RESULTS
      label: Results
      rank: 1
  columns:
    set1_score:
      label: Score
      rank: 2
      numeric_format: 4
    Duration:
      leaderboard: {label: Results}
      label: Time
      rank: 1
      sort: asc
"""


def files(described: str = DESCRIBED) -> dict[str, str]:
    return {
        "competition.yaml": described,
        "overview.html": "<p>Old</p>",
        "terms.html": "<p>Be fair</p>",
        "ref/truth.txt": "ok",
        "scoring/metadata": "command: python $program/score.py $input $output\ndescription: a: b\n",
        "scoring/score.py": SCORING,
        "logo.png": "no picture",
    }


def test_maps_of_phases_and_columns_are_read_in_their_order(tmp_path: Path) -> None:
    bundle = read(tmp_path, files())
    first, second = bundle.competition.entries
    assert bundle.competition.format is FileFormat.CODALAB
    assert [column.key for column in first.columns] == ["duration", "set1_score"]
    assert [column.decimals for column in first.columns] == [2, 4]
    assert [column.is_higher_better for column in first.columns] == [False, True]
    assert first.columns[0].is_primary
    assert (first.name, second.name) == ("Development", "Final")
    assert first.commands["scoring"] == (
        "python",
        "/app/program/score.py",
        "/app/input",
        "/app/output",
    )


def test_a_phase_ends_a_day_before_the_next_and_the_last_with_the_contest(tmp_path: Path) -> None:
    bundle = read(tmp_path, files())
    first, second = bundle.competition.entries
    assert first.closes_at == datetime(2026, 6, 30, tzinfo=UTC)
    assert second.closes_at == datetime(2026, 8, 1, tzinfo=UTC)
    assert any("a day before the next phase begins" in note for note in said(bundle, Level.READ))


def test_what_is_left_behind_is_named(tmp_path: Path) -> None:
    lost = "\n".join(said(read(tmp_path, files()), Level.LOST))
    for what in ("has_registration", "competition_docker_image", "color", "logo.png"):
        assert what in lost, what


def test_the_parent_of_parallel_phases_is_dropped_and_named(tmp_path: Path) -> None:
    described = DESCRIBED.replace("is_parallel_parent: False", "is_parallel_parent: True")
    bundle = read(tmp_path, files(described))
    assert [entry.name for entry in bundle.competition.entries] == ["Final"]
    assert any("only groups others" in note for note in said(bundle, Level.LOST))


def test_terms_are_required(tmp_path: Path) -> None:
    text = refused(tmp_path, files(DESCRIBED.replace("  terms: terms.html\n", "")))
    assert "html.terms: error: the key is missing" in text
