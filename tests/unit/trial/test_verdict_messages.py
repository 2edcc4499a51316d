"""What a failure says in words, in both languages, with its numbers and its place."""

import pytest

from problems.spec import ProblemSpec
from sandbox import Verdict
from sandbox.types import Excess, LimitKind, ProgramError
from tests.factories.problems import SPEC
from tests.fakes.ports import finished
from trial.verdict_messages import explain_run, find_missing_package, find_place

GIB = 1 << 30


def told(**changes: object) -> tuple[str, str]:
    message = explain_run(finished(**changes), ProblemSpec.model_validate(SPEC))
    return message.render("zh-Hans"), message.render("en")


def test_a_memory_limit_tells_numbers_and_place() -> None:
    excess = Excess(LimitKind.MEMORY, 2 * GIB, 2 * GIB, 14.2, "predict() in model.py, line 31")
    chinese, english = told(verdict=Verdict.MEMORY_LIMIT, excess=excess)
    assert chinese == (
        "程序运行到 14.2 秒时内存用到 2 GiB，上限 2 GiB，已被终止（model.py 第 31 行，predict()）。"
        "请分批处理数据。"
    )
    assert english == (
        "The program used 2 GiB of 2 GiB of memory after 14.2 s in predict() at model.py, line 31 "
        "and was stopped. Work in smaller batches."
    )


@pytest.mark.parametrize(
    ("kind", "verdict", "words"),
    [
        (LimitKind.TIME, Verdict.TIME_LIMIT, "ran for 3 s of 2 s"),
        (LimitKind.PROCESSES, Verdict.PROCESS_LIMIT, "had 3 processes or threads of 2"),
        (LimitKind.OUTPUT_FILES, Verdict.OUTPUT_LIMIT, "wrote 3 files of 2 allowed"),
        (LimitKind.OUTPUT_BYTES, Verdict.OUTPUT_LIMIT, "written 3 B of 2 B of output"),
        (LimitKind.LOG_BYTES, Verdict.OUTPUT_LIMIT, "printed 3 B of 2 B"),
    ],
)
def test_every_limit_tells_its_numbers(kind: LimitKind, verdict: Verdict, words: str) -> None:
    chinese, english = told(verdict=verdict, excess=Excess(kind, 3, 2, 1.0))
    assert words in english
    assert "{" not in chinese + english


def test_an_exception_a_signal_and_a_plain_status() -> None:
    error = ProgramError("ValueError", "bad {label}\nsecond line", "a.py", 8, "answer")
    chinese, english = told(verdict=Verdict.RUNTIME_ERROR, exit_code=1, error=error)
    assert "ValueError: bad {label} second line 结束（a.py 第 8 行，answer()）" in chinese
    assert "with ValueError: bad {label} second line in answer() at a.py, line 8." in english
    _, crash = told(verdict=Verdict.RUNTIME_ERROR, exit_code=139, signal="SIGSEGV")
    assert "ended by SIGSEGV (exit status 139)" in crash
    _, plain = told(verdict=Verdict.RUNTIME_ERROR, exit_code=3)
    assert "exit status 3" in plain


def test_a_missing_package_is_named() -> None:
    error = ProgramError("ModuleNotFoundError", "No module named 'xgboost.core'", "a.py", 1, "")
    chinese, english = told(verdict=Verdict.RUNTIME_ERROR, exit_code=1, error=error)
    assert "镜像中没有 Python 包“xgboost”（a.py 第 1 行）" in chinese
    assert "no Python package “xgboost” at a.py, line 1" in english
    assert find_missing_package(ProgramError("KeyError", "No module named 'x'", "", 0, "")) is None
    assert find_missing_package(None) is None


def test_answers() -> None:
    assert "predictions.csv" in told(verdict=Verdict.MISSING_OUTPUT)[1]
    refused = told(verdict=Verdict.INVALID_OUTPUT, message="predictions.csv is a FIFO")[1]
    assert "cannot be collected" not in refused
    assert ": is a FIFO." in refused


def test_a_run_that_did_not_fail_has_nothing_to_explain() -> None:
    with pytest.raises(ValueError, match="did not fail"):
        told()


def test_places() -> None:
    assert find_place("f() in pkg/a.py, line 3") == ("f", "pkg/a.py", 3)
    assert find_place("main.py, line 3") == ("", "main.py", 3)
    assert find_place("") is None
