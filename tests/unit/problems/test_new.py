from pathlib import Path

import pytest

from problems.check import CheckTools, check_pack
from problems.new import PackExistsError, create_pack
from problems.pack import load_pack
from tests.unit.problems.local_runner import LocalRunner, find_command


def test_a_new_pack_passes_the_check(tmp_path: Path) -> None:
    folder = create_pack("turning-2", tmp_path)
    report = check_pack(folder, CheckTools(LocalRunner(), find_command))

    assert load_pack(folder).spec.slug == "turning-2"
    assert report.is_ok, report.render("en")
    assert {step.name for step in report.steps} >= {"structure", "leaks", "perfect", "baseline"}


@pytest.mark.parametrize("slug", ["", "ab", "Under_score", "../up", "a b c", "x" * 65])
def test_what_is_no_slug(slug: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a slug"):
        create_pack(slug, tmp_path)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(PackExistsError):
        create_pack("taken", tmp_path)
