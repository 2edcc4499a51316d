import json
import sys
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

from scoring import (
    InvalidScores,
    InvalidSubmission,
    ScoreResult,
    Scoring,
    SubmissionTable,
    TruthError,
    score_answer,
)
from tests.unit.scoring.tables_under_test import GOOD, TABLE, scoring, table, write

F1 = scoring({"key": "f1", "metric": "f1_macro"}, {"key": "acc", "metric": "accuracy"})
NUMBERS = table(id={"type": "integer"}, y={"type": "number"})
RMSE: dict[str, object] = {"key": "rmse", "metric": "rmse", "target": ("y",), "direction": "min"}


def score(
    folder: Path, answer: str, truth: str, spec: Scoring = F1, kind: SubmissionTable = TABLE
) -> ScoreResult:
    truth_folder = write(folder, truth, "truth/truth.csv").parent
    return score_answer(write(folder, answer), truth_folder, kind, spec)


def test_rows_are_matched_by_key(tmp_path: Path) -> None:
    result = score(tmp_path, GOOD, "label,id\nopen,b\nshort,c\nok,a\n")

    assert result.scores == {"f1": 1.0, "acc": 1.0}


def test_losses_are_per_row_in_the_order_of_the_truth(tmp_path: Path) -> None:
    result = score(tmp_path, GOOD, "id,label\nc,open\na,ok\n")

    assert result.losses["acc"].ids == ("c", "a")
    assert result.losses["acc"].values.tolist() == [1.0, 0.0]
    assert "f1" not in result.losses
    assert result.scores["acc"] == 0.5


STRATA = scoring({"key": "acc", "metric": "accuracy"}).model_copy(update={"stratum": "line"})


def test_strata_are_read_of_the_truth_for_its_rows(tmp_path: Path) -> None:
    answer = GOOD + "d,ok,1\ne,ok,1\n"
    truth = "id,line,label\nc,L2,open\na,L1,ok\nb,L2,open\nd,L1,ok\n"
    losses = score(tmp_path, answer, truth, STRATA).losses["acc"]

    assert losses.strata is not None
    assert losses.strata.tolist() == [0, 1, 0, 1]
    assert score(tmp_path, answer, truth).losses["acc"].strata is None


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("a,L1,ok\nb,L1,ok\nc,L2,ok\n", "one row of “L2”"),
        ("".join(f"r{row},L{row // 2},ok\n" for row in range(202)), "101 different values"),
        ("a,,ok\nb,L1,ok\n", "line is empty"),
    ],
)
def test_strata_that_say_nothing_are_the_organisers_fault(
    tmp_path: Path, lines: str, says: str
) -> None:
    answer = "id,label,score\n" + "".join(
        f"{row.split(',')[0]},ok,1\n" for row in lines.splitlines()
    )
    with pytest.raises(TruthError, match=says):
        score(tmp_path, answer, f"id,line,label\n{lines}", STRATA)


def test_a_stratum_that_the_truth_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(TruthError, match="line"):
        score(tmp_path, GOOD, "id,label\na,ok\nb,ok\n", STRATA)


def test_rows_of_other_boards_are_ignored_only_where_boards_split_rows(tmp_path: Path) -> None:
    sets = scoring({"key": "acc", "metric": "accuracy"}, partition="sets")

    assert score(tmp_path, GOOD, "id,label\na,ok\n").scores["acc"] == 1.0
    with pytest.raises(InvalidSubmission, match="not in the test set"):
        score(tmp_path, GOOD, "id,label\na,ok\n", sets)


def test_missing_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSubmission, match="2 id are missing, for example x, y"):
        score(tmp_path, GOOD, "id,label\na,ok\nx,ok\ny,ok\n")


def test_a_score_beyond_the_numbers_is_invalid(tmp_path: Path) -> None:
    with pytest.raises(InvalidScores, match="rmse is not a finite number"):
        score(tmp_path, "id,y\n1,1e308\n", "id,y\n1,-1e308\n", scoring(RMSE), NUMBERS)


def test_the_truth_may_be_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import pandas as pd  # noqa: PLC0415

    (tmp_path / "truth").mkdir()
    frame = pd.DataFrame({"y": [0.1, 2.5], "id": [2, 1]})
    frame.to_parquet(tmp_path / "truth" / "truth.parquet")
    result = score_answer(
        write(tmp_path, "id,y\n1,2.5\n2,0.1\n"), tmp_path / "truth", NUMBERS, scoring(RMSE)
    )

    assert result.scores == {"rmse": 0.0}


@pytest.mark.parametrize(
    ("truth", "words"),
    [
        ("id,lable\na,ok\n", "column “label” is missing"),
        ("id,label\na,good\n", "not one of"),
        ("id,label\na,ok\na,ok\n", "repeat"),
        ("", "empty"),
    ],
)
def test_a_bad_truth_is_the_organisers_fault(tmp_path: Path, truth: str, words: str) -> None:
    with pytest.raises(TruthError, match=words):
        score(tmp_path, GOOD, truth)


def test_a_broken_parquet_truth_is_the_organisers_fault(tmp_path: Path) -> None:
    write(tmp_path, b"nonsense", "truth/truth.parquet")
    with pytest.raises(TruthError, match=r"truth\.parquet is unreadable"):
        score_answer(write(tmp_path, GOOD), tmp_path / "truth", TABLE, F1)


def detector(metric: str, **params: object) -> Scoring:
    return scoring({"key": "s", "metric": metric, "prediction": ("score",), "params": params})


@pytest.mark.parametrize(
    ("truth", "params", "expected"),
    [
        ("id,label\na,1\nb,1\nc,0\n", {}, 1.0),
        ("id,label\na,True\nb,True\nc,False\n", {}, 1.0),
        ("id,label\na,short\nb,open\nc,ok\n", {"positive": ("short", "open")}, 1.0),
        ("id,label\na,short\nb,open\nc,ok\n", {"positive": "ok"}, 0.0),
        ("id,label\na,2\nb,2\nc,3\n", {"positive": 2}, 1.0),
        ("id,label\na,true\nb,true\nc,false\n", {"positive": True}, 1.0),
    ],
)
def test_positive_classes(
    tmp_path: Path, truth: str, params: dict[str, object], expected: float
) -> None:
    kind = table(id={"type": "string"}, score={"type": "number"})
    answer = "id,score\na,0.5\nb,0.7\nc,0.1\n"

    assert (
        score(tmp_path, answer, truth, detector("roc_auc", **params), kind).scores["s"] == expected
    )


def test_unclear_positive_classes_are_the_organisers_fault(tmp_path: Path) -> None:
    with pytest.raises(TruthError, match=r"say which are positive"):
        score(tmp_path, GOOD, "id,label\na,ok\nb,open\nc,ok\n", detector("roc_auc"))


@pytest.mark.parametrize(
    ("truth", "words"),
    [("id,label\na,ok\nb,ok\n", "no positive"), ("id,label\na,open\nb,open\n", "no negative")],
)
def test_one_class_leaves_a_metric_undefined(tmp_path: Path, truth: str, words: str) -> None:
    with pytest.raises(InvalidScores, match=words):
        score(tmp_path, GOOD, truth, detector("roc_auc", positive="open"))


CLASSES = table(
    id={"type": "string"},
    p_x={"type": "number", "min": 0, "max": 1},
    p_y={"type": "number", "min": 0, "max": 1},
    p_z={"type": "number", "min": 0, "max": 1},
)


def test_a_column_per_class(tmp_path: Path) -> None:
    spec = scoring(
        {
            "key": "loss",
            "metric": "log_loss",
            "direction": "min",
            "prediction": ("p_x", "p_y", "p_z"),
            "params": {"labels": ("x", "y", "z")},
        }
    )
    answer = "id,p_x,p_y,p_z\na,0.5,0.25,0.25\nb,0.1,0.8,0.1\n"
    result = score(tmp_path, answer, "id,label\na,x\nb,z\n", spec, CLASSES)

    assert list(result.losses["loss"].values) == pytest.approx(-np.log([0.5, 0.1]))
    assert result.scores["loss"] == pytest.approx(-np.log([0.5, 0.1]).mean())
    with pytest.raises(TruthError, match="holds the class “w”"):
        score(tmp_path, answer, "id,label\na,w\nb,z\n", spec, CLASSES)
    with pytest.raises(InvalidSubmission, match=r"line 3: the probabilities .* add up to 1\.1"):
        score(tmp_path, answer.replace("0.8", "0.9"), "id,label\na,x\nb,z\n", spec, CLASSES)


def test_labels_against_one_positive_class(tmp_path: Path) -> None:
    spec = scoring({"key": "f1", "metric": "f1", "params": {"positive": "short"}})

    assert score(tmp_path, GOOD, "id,label\na,ok\nb,short\nc,short\n", spec).scores["f1"] == (
        pytest.approx(2 / 3)
    )


def test_integers_and_booleans_are_classes_too(tmp_path: Path) -> None:
    for kind, cells in (
        ("integer", ("3", "4")),
        ("boolean", ("true", "0")),
        ("string", ("03", "4")),
    ):
        answers = table(id={"type": "string"}, label={"type": kind})
        text = f"id,label\na,{cells[0]}\nb,{cells[1]}\n"
        assert score(tmp_path, text, text, F1, answers).scores["acc"] == 1.0


def test_crossed_bounds_are_refused_with_their_line(tmp_path: Path) -> None:
    kind = table(id={"type": "string"}, lo={"type": "number"}, hi={"type": "number"})
    spec = scoring(
        {"key": "c", "metric": "interval_coverage", "target": ("y",), "prediction": ("lo", "hi")}
    )

    assert score(tmp_path, "id,lo,hi\na,1,2\n", "id,y\na,1.5\n", spec, kind).scores == {"c": 1.0}
    with pytest.raises(InvalidSubmission, match="line 3: in lo, hi the lower bound"):
        score(tmp_path, "id,lo,hi\na,1,2\nb,2,1\n", "id,y\na,1\nb,1\n", spec, kind)


def test_scores_are_plain_json_numbers(tmp_path: Path) -> None:
    result = score(tmp_path, GOOD, "id,label\na,ok\nb,ok\n")

    assert json.loads(json.dumps(dict(result.scores))) == dict(result.scores)


BOXES = table(image={"type": "string"}, boxes={"type": "string", "nullable": True}, key="image")


def test_boxes_are_read_from_quoted_cells_and_an_empty_one_finds_nothing(tmp_path: Path) -> None:
    spec = scoring({"key": "ap", "metric": "voc_ap", "target": ("boxes",), "params": {"iou": 0.5}})
    truth = "image,boxes\na.png,scratch 0 0 10 10; dent 5 5 8 8\nb.png,\n"

    found = score(
        tmp_path, "image,boxes\nb.png,\na.png,scratch 0.9 0 0 10 10\n", truth, spec, BOXES
    )

    assert found.scores == {"ap": 0.5}


def test_several_true_columns_of_different_classes(tmp_path: Path) -> None:
    kind = table(
        id={"type": "string"},
        part={"type": "category", "values": ["bearing", "motor"]},
        urgent={"type": "boolean"},
    )
    spec = scoring(
        {
            "key": "exact",
            "metric": "exact_match",
            "target": ("part", "urgent"),
            "prediction": ("part", "urgent"),
        }
    )
    answer = "id,part,urgent\na,bearing,true\nb,motor,0\n"

    found = score(tmp_path, answer, "id,part,urgent\na,bearing,1\nb,motor,true\n", spec, kind)

    assert found.scores == {"exact": 0.5}
    assert list(found.losses["exact"].values) == [0.0, 1.0]


def test_columns_of_one_answer_read_its_cells_once(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text('id,plan\na,"{""capacity"": 2, ""items"": [1, 1]}"\n')
    (tmp_path / "answer.csv").write_text('id,plan\na,"[[1], [2]]"\n')
    table = SubmissionTable.model_validate(
        {"key": ["id"], "columns": {"id": {"type": "string"}, "plan": {"type": "string"}}}
    )
    columns = [
        {"key": "bins", "metric": "bins_used", "direction": "min", "target": "plan"},
        {"key": "ok", "metric": "feasible_rate", "direction": "max", "target": "plan"}
        | {"primary": True},
    ]
    scoring = Scoring.model_validate({"partition": "rows", "columns": columns})
    calls = []

    def watch(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_name in {"read_plan", "read_instance"}:
            calls.append(frame.f_code.co_name)

    sys.setprofile(watch)
    try:
        result = score_answer(tmp_path / "answer.csv", tmp_path, table, scoring)
    finally:
        sys.setprofile(None)

    assert sorted(calls) == ["read_instance", "read_plan"]
    assert result.scores == {"bins": 2.0, "ok": 1.0}
    assert result.cases == ({"id": "a", "feasible": True, "cost": 2.0, "reason": None},)
    assert dict(result.losses).keys() == {"bins", "ok"}
