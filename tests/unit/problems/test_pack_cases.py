"""Broken packs as data: a folder of `tests/pack_cases` edits a valid pack and says what follows."""

import shutil
import tomllib
from pathlib import Path

import pytest

from problems.issues import CATALOGUE
from problems.pack import PackError, load_pack

CASES = Path(__file__).parents[2] / "pack_cases"
# test_pack.py and test_document.py make these: a link, bytes and sizes do not fit a case.toml
TESTED_ELSEWHERE = {"file_too_big", "link", "no_folder", "not_utf8", "other", "yaml_too_big"}
NAMES = sorted(path.parent.name for path in CASES.glob("*/case.toml"))


def build(case: dict[str, list[dict[str, str]]], directory: Path) -> Path:
    shutil.copytree(CASES / "_valid", directory)
    for edit in case["edit"]:
        path = directory / edit["file"]
        if "delete" in edit:
            path.unlink()
            continue
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        old = edit.get("old", text)
        assert old in text, f"the case edits what is not there: {old!r}"
        new = text.replace(old, edit["new"], 1) if old else edit["new"]
        path.write_text(new, encoding="utf-8")
    return directory


def test_the_base_is_valid() -> None:
    pack = load_pack(CASES / "_valid")

    assert pack.spec.slug == "small-pack"
    assert pack.boards == ("A",)
    assert set(pack.statements) == {"zh-Hans", "en"}


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_pack_is_refused_with_file_line_and_key(name: str, tmp_path: Path) -> None:
    case = tomllib.loads((CASES / name / "case.toml").read_text(encoding="utf-8"))
    directory = build(case, tmp_path / "pack")

    with pytest.raises(PackError) as caught:
        load_pack(directory)

    found = [(issue.file, issue.line, issue.key) for issue in caught.value.issues]
    assert found == [(one["file"], one["line"], one["key"]) for one in case["expect"]]
    for issue, expected in zip(caught.value.issues, case["expect"], strict=True):
        assert expected["says"] in issue.render("en")
        assert issue.render("zh-Hans") != issue.render("en")
        assert issue.file in issue.render("zh-Hant")


def test_the_cases_cover_the_catalogue(tmp_path: Path) -> None:
    codes: set[str] = set()
    for name in NAMES:
        case = tomllib.loads((CASES / name / "case.toml").read_text(encoding="utf-8"))
        with pytest.raises(PackError) as caught:
            load_pack(build(case, tmp_path / name))
        codes |= {issue.code for issue in caught.value.issues}

    assert set(CATALOGUE) - codes == TESTED_ELSEWHERE
