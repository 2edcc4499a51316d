import json
from pathlib import Path

import pytest

from problems.bundles.model import FileFormat
from problems.bundles.notes import Level
from problems.bundles.writing import Choices, name_slugs, write_pack
from problems.pack import load_pack
from tests.factories.bundles import EVALAI, evalai_files
from tests.unit.problems.bundles.opening import read, refused, said


def with_config(root: Path, old: str, new: str) -> dict[str, str | bytes]:
    changed = EVALAI.replace(old, new)
    assert changed != EVALAI
    return evalai_files(root) | {"challenge_config.yaml": changed}


def test_an_open_and_a_hidden_split_are_our_two_boards(tmp_path: Path) -> None:
    bundle = read(tmp_path, evalai_files(tmp_path))
    (entry,) = bundle.competition.entries
    assert bundle.competition.format is FileFormat.EVALAI
    assert {name: board.split for name, board in entry.boards.items()} == {
        "A": "open_split",
        "B": "secret_split",
    }
    assert [(c.key, c.is_primary, c.is_higher_better) for c in entry.columns] == [
        ("hits", False, False),
        ("total", True, True),
    ]
    assert entry.answer_file == "submission.json"
    notes = said(bundle, Level.READ)
    assert any("“secret_split” is read as board B" in note for note in notes)


def test_its_pack_loads_and_tells_the_adapter_phase_and_splits(tmp_path: Path) -> None:
    bundle = read(tmp_path, evalai_files(tmp_path))
    (entry,) = bundle.competition.entries
    (slug,) = name_slugs(bundle.competition, Choices())
    draft = write_pack(bundle.competition, entry, slug, Choices(), tmp_path / "pack")
    pack = load_pack(draft.directory)
    assert (pack.spec.slug, pack.boards) == ("casting-defects", ("A", "B"))
    told = json.loads((draft.directory / "bundle.json").read_text())
    assert told["phase"] == "dev"
    assert told["splits"] == ["open_split", "secret_split"]
    split = json.loads((draft.directory / "data/B/truth/split.json").read_text())
    assert split == {"split": "secret_split"}
    assert (draft.directory / "data/B/truth/annotation/dev.json").is_file()
    assert (draft.directory / "programs/evaluation/main.py").is_file()


def test_a_split_that_only_hosts_see_stays_shut_when_it_is_alone(tmp_path: Path) -> None:
    line = EVALAI.splitlines(keepends=True)[-2]
    bundle = read(tmp_path, with_config(tmp_path, line, ""))
    (entry,) = bundle.competition.entries
    assert entry.is_shut
    assert any("the stage stays shut" in note for note in said(bundle, Level.LOST))
    draft = write_pack(bundle.competition, entry, "x-y", Choices(), tmp_path / "pack")
    bundle_of = load_pack(draft.directory).spec.bundle
    assert bundle_of is not None
    assert bundle_of.settings["a.opens_at"] == "never"
    assert bundle_of.settings["visible_to"] == "own"


def test_two_open_splits_become_two_problems(tmp_path: Path) -> None:
    bundle = read(tmp_path, with_config(tmp_path, "visibility: 1", "visibility: 3"))
    assert name_slugs(bundle.competition, Choices()) == [
        "casting-defects-dev-open-split",
        "casting-defects-dev-secret-split",
    ]


@pytest.mark.parametrize("key", ["remote_evaluation", "is_docker_based"])
def test_what_needs_another_machine_is_refused(tmp_path: Path, key: str) -> None:
    text = refused(tmp_path, with_config(tmp_path, "published: True", f"{key}: True"))
    assert f"{key}: error: it needs the organiser's own machine" in text


@pytest.mark.parametrize(
    ("old", "new", "said_of_it"),
    [
        ("default_order_by: Total", "default_order_by: Sum", "“Sum” is no label of this board"),
        ("dataset_split_id: 2", "dataset_split_id: 9", "there is no split “9”"),
        ("    codename: dev\n", "", "challenge_phases[0].codename: error: the key is missing"),
        ("evaluation_script.zip", "templates", "so it is no package to import"),
        ("annotations/dev.json", "annotations", "“annotations” is not a file"),
    ],
)
def test_faults_are_said_with_their_place(
    tmp_path: Path, old: str, new: str, said_of_it: str
) -> None:
    assert said_of_it in refused(tmp_path, with_config(tmp_path, old, new))


def test_requirements_are_named_and_not_installed(tmp_path: Path) -> None:
    files = evalai_files(tmp_path) | {
        "evaluation_script/__init__.py": "",
        "evaluation_script/requirements.txt": "shapely==1.7.1  # why\n\nrequests\n",
        "challenge_config.yaml": EVALAI.replace("evaluation_script.zip", "evaluation_script"),
    }
    lost = said(read(tmp_path, files), Level.LOST)
    assert any("requests" in note and "shapely==1.7.1" in note for note in lost)
