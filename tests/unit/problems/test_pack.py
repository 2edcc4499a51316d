import json
from pathlib import Path

import pytest

from problems.issues import CATALOGUE
from problems.pack import PackError, find_boards, find_packs, load_pack
from problems.spec import ProblemSpec, problem_schema
from tests.unit.problems.packs_under_test import edit, scorer_pack, tabular_pack


def issues(folder: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(PackError) as caught:
        load_pack(folder)
    return [(issue.file, issue.line, issue.code) for issue in caught.value.issues]


def test_a_pack_with_everything(tmp_path: Path) -> None:
    pack = load_pack(tabular_pack(tmp_path / "p"))

    assert pack.boards == ("A", "B")
    assert pack.has_generator
    assert pack.has_baseline
    assert pack.spec.submission.max_bytes == 1 << 20
    assert pack.spec.resources.time_s == 60
    assert pack.spec.resources.memory == 1 << 30
    assert pack.spec.title.zh_hans == "小题"
    assert pack.spec.takes_code
    assert "## 任务" in pack.statements["zh-Hans"]


def test_a_pack_with_a_scorer(tmp_path: Path) -> None:
    pack = load_pack(scorer_pack(tmp_path / "p"))

    assert pack.spec.scoring.scorer == "scorer.py"
    assert not pack.spec.is_split_by_rows


def test_shipped_data_say_which_boards_there_are(tmp_path: Path) -> None:
    folder = tabular_pack(tmp_path / "p")
    (folder / "data" / "A" / "truth").mkdir(parents=True)

    assert load_pack(folder).boards == ("A",)
    assert find_boards(folder) == ()


def test_the_digest_changes_with_content_and_not_with_what_is_generated(tmp_path: Path) -> None:
    folder = tabular_pack(tmp_path / "p")
    first = load_pack(folder).digest
    for name in ("data/public/train.csv", "__pycache__/x.pyc", "baseline/__pycache__/x.pyc"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    again = load_pack(folder).digest
    edit(folder, "bad,0.5", "bad,0.6", "baseline/main.py")

    assert again == first
    assert load_pack(folder).digest != first


def test_the_digest_counts_shipped_data(tmp_path: Path) -> None:
    folder = tabular_pack(tmp_path / "p")
    (folder / "generate.py").unlink()
    (folder / "data" / "A" / "truth").mkdir(parents=True)
    first = load_pack(folder).digest
    (folder / "data" / "A" / "truth" / "truth.csv").write_text("id,label\n")

    assert load_pack(folder).digest != first


def test_links_wrong_bytes_and_giants_are_refused(tmp_path: Path) -> None:
    folder = tabular_pack(tmp_path / "p")
    (folder / "baseline" / "data").symlink_to("/etc")
    (folder / "statement.en.md").write_bytes(b"## Background\n\n\xff\n")
    (folder / "statement.zh-Hans.md").write_bytes(b" " * ((1 << 20) + 1))

    assert issues(folder) == [
        ("baseline/data", 0, "link"),
        ("statement.en.md", 3, "not_utf8"),
        ("statement.zh-Hans.md", 0, "file_too_big"),
    ]


def test_a_pack_is_a_folder(tmp_path: Path) -> None:
    assert issues(tmp_path / "nothing") == [("nothing", 0, "no_folder")]


def test_packs_are_found_by_their_description(tmp_path: Path) -> None:
    for name in ("b", "a"):
        tabular_pack(tmp_path / name)
    (tmp_path / "scaffold").mkdir()

    assert [path.name for path in find_packs(tmp_path)] == ["a", "b"]


def test_a_specification_survives_json(tmp_path: Path) -> None:
    spec = load_pack(tabular_pack(tmp_path / "p")).spec

    assert ProblemSpec.model_validate_json(spec.model_dump_json(by_alias=True)) == spec


def test_the_schema_is_json_and_closed() -> None:
    schema = json.loads(json.dumps(problem_schema()))

    assert schema["additionalProperties"] is False
    assert {"version", "slug", "title", "scoring"} <= set(schema["required"])
    assert "zh-Hans" in schema["$defs"]["Localized"]["properties"]


@pytest.mark.parametrize("code", sorted(set(CATALOGUE) - {"other"}))
def test_both_languages_name_the_same_things(code: str) -> None:
    chinese, english = CATALOGUE[code]
    names = [{part.split("}")[0] for part in text.split("{")[1:]} for text in (chinese, english)]

    assert names[0] == names[1]
    assert chinese != english


def test_a_pack_may_ask_for_cards_and_bring_its_own_image(tmp_path: Path) -> None:
    folder = tabular_pack(tmp_path / "p")
    image = f"registry.example.org:5000/team/torch@sha256:{'0a' * 32}"
    asked = f"resources: {{image: '{image}', gpus: 2, gpu_memory: 20GiB, gpu_models: [A100, H200]"
    text = (folder / "problem.yaml").read_text(encoding="utf-8")
    asking = text.replace("resources: {", f"{asked}, pool: gpu-a, ").replace(
        "image: python-cpu, ", ""
    )
    (folder / "problem.yaml").write_text(asking, encoding="utf-8")
    granted = load_pack(folder).spec.resources
    assert granted.image == image
    assert (granted.gpus, granted.gpu_memory, granted.pool) == (2, 20 << 30, "gpu-a")
    assert granted.gpu_models == ("A100", "H200")
