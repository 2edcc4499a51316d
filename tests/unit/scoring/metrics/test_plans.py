"""Metrics of plans: what a plan costs, and which constraint it breaks, by name."""

import json
import math
from collections.abc import Sequence

import pytest

from scoring.errors import InvalidSubmission, TruthError
from scoring.metrics import METRICS
from scoring.metrics.base import UndefinedMetricError
from scoring.metrics.plans import read_instance
from scoring.plans.instances import BadInstanceError, as_plan, build_instance
from tests.unit.scoring.metrics import published_plans as published
from tests.unit.scoring.metrics.test_cells import score
from tests.unit.scoring.metrics.test_reference import texts

FT06 = json.dumps({"jobs": published.read_shop(published.FT06), "best": 55})
FT06_STARTS = published.read_routes(published.FT06_STARTS)
C101 = {
    "capacity": 200,
    "vehicles": 25,
    "rounding": "truncated",
    "depot": [40, 50, 0, 1236],
    "customers": published.read_customers(published.C101),
    "best": 827.3,
}
C101_ROUTES = published.read_routes(published.C101_ROUTES)
X_N101 = {
    "capacity": 206,
    "rounding": "nearest",
    "depot": [365, 689],
    "customers": published.read_customers(published.X_N101_K25),
    "best": 27591,
}
BINS = json.dumps({"capacity": 10, "items": [6, 4, 5, 5, 2.5], "best": 3})


def told(instance: str, plan: Sequence[Sequence[int]]) -> list[str]:
    """Return what is broken, in English."""
    return [message.render("en") for message in read_instance(instance).violations(plan)]


# ── published optima, to the printed digits ──────────────────────────────────
@pytest.mark.parametrize(
    ("jobs", "starts", "optimum"),
    [
        (published.FT06, published.FT06_STARTS, 55),
        (published.LA01, published.LA01_STARTS, 666),
    ],
)
def test_an_optimal_schedule_has_the_published_makespan(
    jobs: str, starts: str, optimum: int
) -> None:
    instance = json.dumps({"jobs": published.read_shop(jobs), "best": optimum})
    plan = json.dumps(published.read_routes(starts))

    assert score("makespan", [instance], [plan]) == optimum
    assert score("gap_to_best", [instance], [plan]) == 0.0
    assert score("feasible_rate", [instance], [plan]) == 1.0


def test_the_best_routes_cost_what_cvrplib_and_solomon_print() -> None:
    routes = json.dumps(published.read_routes(published.X_N101_K25_ROUTES))

    assert score("route_cost", [json.dumps(X_N101)], [routes]) == 27591
    assert score("route_cost", [json.dumps(C101)], [json.dumps(C101_ROUTES)]) == 827.3
    assert score("gap_to_best", [json.dumps(C101)], [json.dumps(C101_ROUTES)]) == 0.0


def test_the_same_routes_cost_something_else_with_real_distances() -> None:
    routes = json.dumps(published.read_routes(published.X_N101_K25_ROUTES))
    real = [json.dumps({**X_N101, "rounding": "none"}), json.dumps({**C101, "rounding": "none"})]

    assert score("route_cost", real[:1], [routes]) == pytest.approx(27598.400783445617)
    assert score("route_cost", real[1:], [json.dumps(C101_ROUTES)]) == pytest.approx(828.93686687)


def test_distances_between_fractions_are_cut_too() -> None:
    data = {"capacity": 1, "rounding": "truncated", "depot": [0, 0], "customers": [[0.25, 0, 1]]}

    assert build_instance(data).cost([[1]]) == 0.4


def test_bins_that_hold_something_are_counted() -> None:
    assert score("bins_used", [BINS], ["[[1, 2], [], [3, 4], [5]]"]) == 3
    assert score("gap_to_best", [BINS], ["[[1], [2, 3], [4, 5]]"]) == 0.0


# ── infeasible plans, with the reason ────────────────────────────────────────
@pytest.mark.parametrize(
    ("job", "operation", "start", "said"),
    [
        (1, 2, 7, "job 2 operation 3 starts at 7, before operation 2 ends at 13"),
        (0, 1, 5, "job 1 operation 2 starts at 5, before operation 1 ends at 6"),
        (0, 0, 3, "machine 2: jobs 1 and 3 overlap from t=3 to t=4"),
        (2, 0, -1, "job 3 operation 1 starts at -1, before time 0"),
    ],
)
def test_an_impossible_schedule_is_named(job: int, operation: int, start: int, said: str) -> None:
    plan = [list(begins) for begins in FT06_STARTS]
    plan[job][operation] = start

    assert told(FT06, plan)[0] == said


def test_a_schedule_needs_every_operation_of_every_job() -> None:
    short = [FT06_STARTS[0][:-1], *FT06_STARTS[1:]]

    assert told(FT06, short) == ["job 1 has 6 operations, 5 are scheduled"]
    assert told(FT06, FT06_STARTS[1:]) == ["6 jobs expected, 5 found"]


@pytest.mark.parametrize(
    ("changes", "routes", "said"),
    [
        ({}, C101_ROUTES[1:], "customer 1 is not served by any vehicle"),
        (
            {},
            [[*C101_ROUTES[0], 500], *C101_ROUTES[1:]],
            "vehicle 1 stop 13: there is no customer 500 (they are 1 to 100)",
        ),
        (
            {},
            [*C101_ROUTES, [13]],
            "vehicle 11 stop 1: customer 13 is already served by vehicle 2",
        ),
        (
            {"capacity": 190},
            C101_ROUTES,
            "vehicle 4 stop 9 (customer 34): 200 on board, the capacity is 190",
        ),
        (
            {},
            [C101_ROUTES[0][::-1], *C101_ROUTES[1:]],
            "vehicle 1 stop 3 (customer 2): arrives at 1182, after the window closes at 870",
        ),
        (
            {"depot": [40, 50, 0, 1000]},
            C101_ROUTES,
            "vehicle 1: back at the depot at 1139.4, which closes at 1000",
        ),
        ({"vehicles": 9}, C101_ROUTES, "10 vehicles are used, there are 9"),
    ],
)
def test_impossible_routes_are_named(
    changes: dict[str, object], routes: list[list[int]], said: str
) -> None:
    assert said in told(json.dumps({**C101, **changes}), routes)


def test_impossible_packings_are_named() -> None:
    assert told(BINS, [[1, 3], [2, 4], [4, 9]]) == [
        "bin 1: 11 is packed, the capacity is 10",
        "bin 3: item 4 is already in bin 2",
        "bin 3: there is no item 9 (they are 1 to 5)",
        "item 5 is in no bin",
    ]


def test_without_a_cost_for_it_an_infeasible_plan_is_refused_by_line() -> None:
    with pytest.raises(InvalidSubmission) as refusal:
        score("bins_used", [BINS, BINS], ["[[1], [2], [3], [4], [5]]", "[[1, 3]]"])

    (message,) = refusal.value.messages
    assert message.render("en") == "line 3: bin 1: 11 is packed, the capacity is 10"
    assert message.render("zh-Hans") == "第 3 行：箱 1：装载 11，超过容量 10"


def test_with_one_it_costs_that_much_and_the_case_says_why() -> None:
    answers = ["[[1, 2], [3, 4], [5]]", ""]

    assert score("bins_used", [BINS, BINS], answers, infeasible=5) == 4
    assert score("gap_to_best", [BINS, BINS], answers, infeasible=1.0) == 0.5
    assert score("feasible_rate", [BINS, BINS], answers) == 0.5
    found = METRICS["feasible_rate"].cases
    assert found is not None
    good, bad = found(texts([[BINS], [BINS]], answers))
    assert good == {"feasible": True, "cost": 3.0, "reason": None}
    assert bad["reason"] == {"zh-Hans": "物品 1 没有装箱", "en": "item 1 is in no bin"}
    assert bad["violations"] == 5


def test_a_gap_needs_something_to_be_compared_with() -> None:
    for best in ({}, {"best": 0}):
        instance = json.dumps({"capacity": 1, "items": [1], **best})
        with pytest.raises(UndefinedMetricError):
            score("gap_to_best", [instance], ["[[1]]"])


# ── what strangers and organisers may get wrong ──────────────────────────────
@pytest.mark.parametrize(
    "cell",
    [
        "[" * 9999,
        f"[[{'9' * 2000}]]",
        "null",
        "[",
        "{}",
        "3",
        "[1]",
        "[[1.0]]",
        "[[true]]",
        '[["1"]]',
        "[[1e3]]",
        "[[10000000000001]]",
    ],
)
def test_what_is_no_plan_is_refused(cell: str) -> None:
    with pytest.raises(InvalidSubmission):
        score("feasible_rate", [BINS], [cell])


def test_a_plan_of_nonsense_ends_after_a_hundred_faults() -> None:
    answer = texts([[BINS]], ["[" + ",".join(["[99]"] * 20_000) + "]"])
    cases = METRICS["feasible_rate"].cases

    assert cases is not None
    assert cases(answer)[0]["violations"] == 100


@pytest.mark.parametrize(
    "data",
    [
        [],
        {},
        {"jobs": []},
        {"jobs": [[]]},
        {"jobs": [[[1]]]},
        {"jobs": [[[1, -1]]]},
        {"jobs": [[[1, 1]]], "machines": 2},
        {"jobs": [[[1, 1]]], "best": "55"},
        {"capacity": 1, "items": []},
        {"capacity": 1, "items": [math.inf]},
        {"items": [1]},
        {"customers": [], "capacity": 1, "rounding": "none", "depot": [0, 0]},
        {"customers": [[0, 0]], "capacity": 1, "rounding": "none", "depot": [0, 0]},
        {"customers": [[0, 0, 1]], "capacity": 1, "rounding": "up", "depot": [0, 0]},
        {"customers": [[0, 0, 1]], "capacity": 1, "rounding": ["none"], "depot": [0, 0]},
        {"customers": [[0, 0, 1]], "capacity": 1, "rounding": "none", "depot": [0, 0, 0]},
        {"customers": [[0, 0, 1]], "capacity": 1, "rounding": "none", "depot": [0, 0]}
        | {"vehicles": 1.5},
    ],
)
def test_what_is_no_instance_is_refused(data: object) -> None:
    with pytest.raises(BadInstanceError):
        build_instance(data)


def test_a_wrong_instance_is_the_organisers() -> None:
    for cell in ("[", "{}", BINS):
        with pytest.raises(TruthError):
            score("makespan", [cell], ["[[1]]"])


@pytest.mark.parametrize("instance", [FT06, json.dumps(X_N101), BINS])
def test_the_check_has_a_plan_for_every_instance(instance: str) -> None:
    plan = METRICS["feasible_rate"].perfect(instance)

    assert score("feasible_rate", [instance], [plan]) == 1.0


def test_a_plan_that_comes_with_the_instance_is_the_checks() -> None:
    known = json.dumps({"capacity": 9, "items": [4, 5], "plan": [[1, 2]]})

    assert as_plan(json.loads(METRICS["bins_used"].perfect(known))) == [[1, 2]]
