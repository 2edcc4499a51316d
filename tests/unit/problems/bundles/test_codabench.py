import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from problems.bundles.model import Counts, FileFormat
from problems.bundles.notes import Level
from problems.bundles.writing import Choices, name_slugs, write_pack
from problems.pack import load_pack
from tests.factories.bundles import CODABENCH, codabench_files, write_zip
from tests.unit.problems.bundles.opening import read, refused, said


def test_a_bundle_is_read_whole(tmp_path: Path) -> None:
    bundle = read(tmp_path, codabench_files())
    competition = bundle.competition
    (entry,) = competition.entries
    assert competition.format is FileFormat.CODABENCH
    assert competition.title == "Weld seams"
    assert competition.terms == "#### Terms\n\nBe fair."
    assert entry.commands == {"scoring": ("python3", "score.py")}
    assert entry.counts is Counts.LAST
    assert (entry.per_day, entry.time_s, entry.takes_code) == (4, 60, False)
    keys = [(column.name, column.key, column.formula) for column in entry.columns]
    assert keys == [
        ("Accuracy", "accuracy", ""),
        ("errors", "errors", ""),
        ("mean", "mean", "(accuracy + errors) / 2"),
    ]
    assert [column.is_higher_better for column in entry.columns] == [True, False, True]
    assert [column.is_primary for column in entry.columns] == [True, False, False]


def test_dates_keep_their_time_and_our_reading_is_said(tmp_path: Path) -> None:
    bundle = read(tmp_path, codabench_files())
    (entry,) = bundle.competition.entries
    assert entry.opens_at == datetime(2026, 5, 1, 18, tzinfo=UTC)
    assert entry.closes_at == datetime(2026, 5, 31, 16, tzinfo=UTC)
    notes = said(bundle, Level.READ)
    line = 1 + CODABENCH.splitlines().index("    start: 2026-05-01 18:00:00")
    assert (
        f"competition.yaml:{line}:5: phases[0].start: note: “2026-05-01 18:00:00” is read as "
        "2026-05-01 18:00:00 UTC, which is 2026-05-02 02:00:00 Beijing time"
    ) in notes


def test_what_is_left_behind_is_named(tmp_path: Path) -> None:
    files = codabench_files()
    files["competition.yaml"] += "reward: a cup\nmystery: 1\n"
    lost = "\n".join(said(read(tmp_path, files), Level.LOST))
    for what in ("image", "docker_image", "reward", "mystery", "max_submissions", "x.png"):
        assert what in lost, what
    assert "codalab/codalab-legacy:py37" in lost


def test_pages_become_statements_below_our_headings(tmp_path: Path) -> None:
    bundle = read(tmp_path, codabench_files())
    (entry,) = bundle.competition.entries
    draft = write_pack(bundle.competition, entry, "weld-seams", Choices(), tmp_path / "pack")
    pack = load_pack(draft.directory)  # refuses statements that do not hold our headings
    text = pack.statements["en"]
    assert "### Overview\n\n### Seams\n\nSee  **bold**." in text
    assert "#### Accuracy\n\n    ## code" in text
    assert "#### Terms\n\nBe fair." in text.partition("## Rules")[2]


def test_a_pack_holds_programs_data_and_what_the_adapter_needs(tmp_path: Path) -> None:
    bundle = read(tmp_path, codabench_files(code=True))
    (entry,) = bundle.competition.entries
    draft = write_pack(bundle.competition, entry, "weld-seams", Choices(), tmp_path / "pack")
    pack = load_pack(draft.directory)
    assert pack.spec.bundle is not None
    assert [kind.value for kind in pack.spec.submission.kinds] == ["code"]
    names = sorted(
        path.relative_to(draft.directory).as_posix()
        for path in draft.directory.rglob("*")
        if path.is_file()
    )
    assert names == [
        "baseline/model.py",
        "bundle.json",
        "data/A/truth/truth.txt",
        "data/input/rows.txt",
        "data/public/public_data/train.txt",
        "problem.yaml",
        "programs/ingestion/ingest.py",
        "programs/ingestion/metadata",
        "programs/scoring/metadata.yaml",
        "programs/scoring/score.py",
        "run.py",
        "scorer.py",
        "statement.en.md",
        "statement.zh-Hans.md",
    ]
    told = json.loads((draft.directory / "bundle.json").read_text())
    assert told["columns"] == {"Accuracy": "accuracy", "errors": "errors"}
    assert told["commands"]["ingestion"] == [
        "python",
        "/app/program/ingest.py",
        "/app/input_data",
        "/app/output",
    ]
    assert pack.spec.bundle.settings == {
        "a.opens_at": "2026-05-01T18:00:00+00:00",
        "a.closes_at": "2026-05-31T16:00:00+00:00",
        "counts": "last",
        "hidden_columns": "errors",
    }


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../etc/passwd", "scoring/../../secret", "C:/x", "..\\..\\x"]
)
def test_a_path_that_leads_out_is_refused_with_its_place(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").mkdir()
    files = codabench_files()
    files["competition.yaml"] = CODABENCH.replace(
        "reference_data: dev", f"reference_data: '{path}'"
    )
    text = refused(tmp_path, files)
    assert "tasks[0].reference_data: error: the path" in text
    assert "leads out of the bundle" in text


def test_a_link_in_the_folder_leads_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "way").symlink_to(secret)
    files = codabench_files()
    files["competition.yaml"] = CODABENCH.replace("reference_data: dev", "reference_data: way")
    assert "leads out of the bundle" in refused(tmp_path, files)


@pytest.mark.parametrize(
    ("old", "new", "said_of_it"),
    [
        ("version: 2", "version: 3", "competition.yaml:1:1: version: error: unknown version “3”"),
        ("title: Weld seams", "titel: Weld seams", "title: error: the key is missing"),
        ("tasks: [0]\n    public", "tasks: [7]\n    public", "there is no task “7”"),
        ("reference_data: dev", "reference_data: gone", "there is no “gone” in the bundle"),
        ("start: 2026-05-01 18:00:00", "start: soon", "“soon” is no date"),
        ("start: 2026-05-01", "start: 2027-05-01", "the end is not after the start"),
        ("sorting: asc", "sorting: up", "“up” is not one of desc, asc"),
        ("[0, 1]", "[0, 2]", "the computation of the column “mean” uses itself"),
        ("index: 1, sorting", "index: 0, sorting", "“0” is repeated"),
        ("max_submissions_per_day: 4", "max_submissions_per_day: many", "“many” must be >= 0"),
        (
            "reference_data: dev",
            "reference_data: 7a2a8a8e-9b3c-4f0e-8f10-3a1f0e1c2d3b",
            "is a data set of the other platform",
        ),
        ("scoring_program: scoring", "scoring_program: ''", "there is no “” in the bundle"),
        ("reference_data: dev", f"reference_data: {'x' * 300}", "there is no “xxx"),
        ("title: Weld seams", "title: &x Weld seams", ""),
        ("    name: Development", "    name: *x", "anchors and aliases are not supported"),
        ("terms: pages/terms.md", "terms: pages/none.md", "there is no “pages/none.md”"),
    ],
)
def test_faults_are_said_with_file_line_and_key(
    tmp_path: Path, old: str, new: str, said_of_it: str
) -> None:
    files = codabench_files()
    changed = CODABENCH.replace(old, new, 1)
    assert changed != CODABENCH
    if new.endswith("*x"):
        changed = changed.replace("title: Weld seams", "title: &x Weld seams", 1)
    files["competition.yaml"] = changed
    if not said_of_it:  # an anchor that nobody uses harms nobody
        read(tmp_path, files)
    else:
        assert said_of_it in refused(tmp_path, files)


@pytest.mark.parametrize("name", ["scoring/metadata.yaml", "pages/terms.md"])
def test_a_text_that_is_none_is_named(tmp_path: Path, name: str) -> None:
    files: dict[str, str | bytes] = {**codabench_files(), name: b"\xff\xfe"}
    assert f"{name}: error: the file is not UTF-8" in refused(tmp_path, files)


def test_nested_zips_are_opened_and_a_bad_one_is_named(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = dict(codabench_files())
    del files["dev/truth.txt"]
    described = CODABENCH.replace("reference_data: dev", "reference_data: dev.zip")
    packed = write_zip(tmp_path / "dev.zip", {"truth.txt": "ok"})
    good = files | {"competition.yaml": described, "dev.zip": packed.read_bytes()}
    (entry,) = read(tmp_path / "good", good).competition.entries
    assert (entry.boards["A"].truth[""] / "truth.txt").read_text() == "ok"
    bad = files | {"competition.yaml": described, "dev.zip": b"PK no"}
    assert "“dev.zip” cannot be unpacked: bad" in refused(tmp_path / "bad", bad)


def test_code_that_would_see_the_truth_is_not_imported(tmp_path: Path) -> None:
    files = codabench_files(code=True)
    files["competition.yaml"] = files["competition.yaml"].replace(
        "    name: Development\n",
        "    name: Development\n    ingestion_only_during_scoring: true\n",
    )
    text = refused(tmp_path, files)
    assert "a team's code sees the truth" in text
    assert "there is no phase or task that could be imported" in text


def test_version_two_without_its_number_is_recognised(tmp_path: Path) -> None:
    files = codabench_files()
    files["competition.yaml"] = CODABENCH.replace("version: 2\n", "")
    bundle = read(tmp_path, files)
    assert bundle.competition.format is FileFormat.CODABENCH
    assert any("read as version 2" in note for note in said(bundle, Level.READ))


def test_phases_with_several_tasks_become_several_problems(tmp_path: Path) -> None:
    files = codabench_files()
    files["competition.yaml"] = CODABENCH.replace(
        "tasks: [0]\n    public", "tasks: [0, 0]\n    public"
    )
    competition = read(tmp_path, files).competition
    assert name_slugs(competition, Choices()) == ["weld-seams-p1-t1", "weld-seams-p1-t2"]
    assert name_slugs(competition, Choices(slug="x"))[0] == "x-contest-p1-t1"


def test_every_note_can_be_said_in_chinese(tmp_path: Path) -> None:
    for note in read(tmp_path, codabench_files()).notes:
        assert note.render("zh-Hans") != note.render("en")
