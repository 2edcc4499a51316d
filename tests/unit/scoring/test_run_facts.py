import pytest

from scoring import InvalidScores, RunFact, RunFacts, Scoring
from scoring.finite import finish_scores

FACTS = RunFacts(
    wall_s=6.0,
    cpu_s=9.0,
    peak_memory_bytes=1024,
    code_bytes=10,
    gpu_s=12.0,
    peak_gpu_memory_bytes=2048,
)
METRIC: dict[str, object] = {"key": "acc", "metric": "accuracy", "target": "y", "direction": "max"}


def scoring(*columns: dict[str, object]) -> Scoring:
    first = {**columns[0], "primary": True}
    return Scoring.model_validate({"partition": "rows", "columns": (first, *columns[1:])})


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        (RunFact.WALL_S, 6.0),
        (RunFact.WALL_S_PER_ITEM, 2.0),
        (RunFact.CPU_S, 9.0),
        (RunFact.CPU_S_PER_ITEM, 3.0),
        (RunFact.GPU_S, 12.0),
        (RunFact.GPU_S_PER_ITEM, 4.0),
        (RunFact.PEAK_MEMORY_BYTES, 1024.0),
        (RunFact.PEAK_GPU_MEMORY_BYTES, 2048.0),
        (RunFact.CODE_BYTES, 10.0),
    ],
)
def test_a_fact_is_whole_or_per_item(fact: RunFact, value: float) -> None:
    assert FACTS.value(fact, 3) == value
    assert fact.needs_gpus == ("gpu" in fact.value)


def test_without_items_a_share_is_the_whole() -> None:
    assert FACTS.value(RunFact.WALL_S_PER_ITEM, 0) == 6.0


def test_scores_are_completed_with_what_the_run_used() -> None:
    spec = scoring(
        METRIC,
        {"key": "takt", "run": "wall_s_per_item", "limit": 2.0, "direction": "min"},
        {"key": "worth", "formula": "acc / takt", "direction": "max"},
    )

    assert finish_scores({"acc": 0.5}, spec, FACTS, 3) == {"acc": 0.5, "takt": 2.0, "worth": 0.25}


def test_too_much_is_told_with_both_numbers() -> None:
    spec = scoring(
        METRIC, {"key": "takt", "run": "wall_s_per_item", "limit": 1.5, "direction": "min"}
    )

    with pytest.raises(InvalidScores, match=r"takt is 2, the problem allows 1\.5"):
        finish_scores({"acc": 0.5}, spec, FACTS, 3)


def test_a_scorer_cannot_claim_what_the_run_used() -> None:
    spec = scoring(METRIC, {"key": "takt", "run": "wall_s", "direction": "min"})

    with pytest.raises(InvalidScores, match="unknown column takt"):
        finish_scores({"acc": 0.5, "takt": 0.0}, spec, FACTS, 3)


def test_without_a_run_such_a_column_is_missing() -> None:
    spec = scoring(METRIC, {"key": "takt", "run": "wall_s", "direction": "min"})

    with pytest.raises(InvalidScores, match="takt is missing"):
        finish_scores({"acc": 0.5}, spec)


def test_where_nothing_ran_the_rest_can_be_scored() -> None:
    spec = scoring(
        METRIC,
        {"key": "takt", "run": "wall_s", "direction": "min"},
        {"key": "worth", "formula": "acc / takt", "direction": "max"},
        {"key": "half", "formula": "acc / 2", "direction": "max"},
    ).without_run()

    assert finish_scores({"acc": 0.5}, spec) == {"acc": 0.5, "half": 0.25}
    assert scoring(METRIC).without_run().columns == scoring(METRIC).columns
