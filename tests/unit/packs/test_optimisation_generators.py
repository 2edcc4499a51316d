"""The generators of milk-run and job-shop: published instances, same bytes, nothing given away."""

import json
from pathlib import Path
from types import ModuleType

import pytest

SEED = 2**140 + 7


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def small_milk_run(milk_run_generator: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(milk_run_generator, "SIZES", {"A": [8, 9], "B": [12]})
    monkeypatch.setattr(milk_run_generator, "PRACTICE_SIZES", [10])
    monkeypatch.setattr(milk_run_generator, "STEPS", 10)
    return milk_run_generator


@pytest.fixture
def small_job_shop(job_shop_generator: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(job_shop_generator, "SEALED_SIZES", {"A": [(4, 3)], "B": [(5, 4)] * 2})
    monkeypatch.setattr(job_shop_generator, "PRACTICE_SIZES", [(5, 5)])
    monkeypatch.setattr(job_shop_generator, "SEARCH_STEPS", 30)
    return job_shop_generator


def test_the_published_seeds_give_the_published_instance(job_shop_generator: ModuleType) -> None:
    shop = job_shop_generator.taillard((15, 15), *job_shop_generator.PUBLISHED["ta01"][:2])
    assert shop.route[0][:4] == [(7, 94), (13, 66), (5, 10), (8, 53)]  # the file's machine + 1
    assert len(shop.route) == shop.machines == 15
    assert job_shop_generator.lower_bound(shop) <= 1231  # the proven optimum


def test_the_search_proves_an_easy_shop_optimal(job_shop_generator: ModuleType) -> None:
    shop = job_shop_generator.Shop([[(1, 3), (2, 2), (3, 2)], [(1, 2), (3, 1), (2, 4)]])
    rng = job_shop_generator.np.random.default_rng(0)
    makespan, _ = job_shop_generator.TabuSearch(shop, rng).run(50, 0)
    assert makespan == 10


@pytest.mark.parametrize("name", ["small_milk_run", "small_job_shop"])
def test_the_same_seed_gives_the_same_bytes(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    generator: ModuleType = request.getfixturevalue(name)
    for folder, seed in (("first", SEED), ("second", SEED), ("third", SEED + 1)):
        generator.generate(seed, tmp_path / folder)
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    assert contents(tmp_path / "first") != contents(tmp_path / "third")


@pytest.mark.parametrize(
    ("pack", "answer"), [("milk_run", "routes.json"), ("job_shop", "schedules.json")]
)
def test_the_sample_scores_and_the_boards_share_nothing(
    pack: str, answer: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    generator: ModuleType = request.getfixturevalue(f"small_{pack}")
    scorer: ModuleType = request.getfixturevalue(f"{pack}_scorer")
    generator.generate(SEED, tmp_path)
    (tmp_path / "public" / f"sample_{answer}").rename(tmp_path / answer)
    seen: list[str] = []
    for board in "AB":
        result = scorer.score(tmp_path, tmp_path / board / "truth")
        assert result["scores"]["feasible_rate"] == 1.0
        seen.extend(case["id"] for case in result["cases"])
    given = json.loads((tmp_path / "input" / "instances.json").read_text())
    assert sorted(seen) == sorted({instance["id"] for instance in given})
    assert not any("reference" in instance for instance in given)


@pytest.mark.parametrize(
    ("pack", "answer", "plan"),
    [("milk_run", "routes.json", "routes"), ("job_shop", "schedules.json", "schedule")],
)
def test_the_reference_of_a_practice_instance_is_reached_by_its_plan(
    pack: str, answer: str, plan: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    generator: ModuleType = request.getfixturevalue(f"small_{pack}")
    scorer: ModuleType = request.getfixturevalue(f"{pack}_scorer")
    generator.generate(SEED, tmp_path)
    (practice,) = json.loads((tmp_path / "public" / "practice.json").read_text())
    name, found = practice.pop("id"), practice.pop(plan)
    key = {"expected": [name], "instances": {name: {"proven": False, **practice}}}
    (tmp_path / "truth.json").write_text(json.dumps(key))
    (tmp_path / answer).write_text(json.dumps({name: found}))
    (case,) = scorer.score(tmp_path, tmp_path)["cases"]
    assert case["feasible"]
    assert case["score"] == 1.0
