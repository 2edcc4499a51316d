"""What a failed run tells its team: one sentence on what happened, one on what to do."""

import re
from collections.abc import Mapping
from typing import Final

from problems.spec import ProblemSpec
from sandbox import RunResult
from sandbox import Verdict as RunVerdict
from sandbox.sizes import format_bytes
from sandbox.types import Excess, LimitKind, ProgramError
from scoring import Message

_SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "runtime_error": (
        "程序以退出码 {exit_code} 结束。请查看日志末尾的错误信息。",
        "The program ended with exit status {exit_code}. The end of the log says why.",
    ),
    "exception": (
        "程序因 {error} 结束{place}。请修正后在试运行中验证。",
        "The program ended with {error}{place}. Correct it and check with a try run.",
    ),
    "missing_package": (
        "镜像中没有 Python 包“{package}”{place}。请改用软件包列表中的包，或把它放进压缩包。",
        (
            "The image has no Python package “{package}”{place}. Use one of its package list, "
            "or bring it in the zip."
        ),
    ),
    "signal": (
        (
            "程序被信号 {signal} 终止（退出码 {exit_code}）{place}。多为内存越界或本地库崩溃，"
            "请检查最后调用的库。"
        ),
        (
            "The program was ended by {signal} (exit status {exit_code}){place}. Mostly a crash in "
            "compiled code: look at the library called last."
        ),
    ),
    "time": (
        (
            "程序运行了 {used}，超过时限 {allowed}，已被终止{where}。请缩短运行时间，"
            "或读取 TIME_LIMIT_S 提前写出答案。"
        ),
        (
            "The program ran for {used} of {allowed}{where} and was stopped. Do less, or read "
            "TIME_LIMIT_S and write the answer in time."
        ),
    ),
    "memory": (
        "程序运行到 {after}时内存用到 {used}，上限 {allowed}，已被终止{where}。请分批处理数据。",
        (
            "The program used {used} of {allowed} of memory after {after}{where} and was stopped. "
            "Work in smaller batches."
        ),
    ),
    "processes": (
        "程序运行到 {after}时有 {used} 个进程或线程，上限 {allowed} 个，已被终止。请减少并行数。",
        (
            "The program had {used} processes or threads of {allowed} after {after} and was ended. "
            "Start no more workers than CPUS."
        ),
    ),
    "output_bytes": (
        "程序运行到 {after}时输出达到 {used}，上限 {allowed}，已被终止。请只写出答案文件。",
        (
            "The program had written {used} of {allowed} of output after {after} and was stopped. "
            "Write the answer alone."
        ),
    ),
    "output_files": (
        "程序写出了 {used} 个文件，上限 {allowed} 个。请只写出答案文件。",
        "The program wrote {used} files of {allowed} allowed. Write the answer alone.",
    ),
    "log_bytes": (
        "程序运行到 {after}时日志达到 {used}，上限 {allowed}，已被终止。请减少打印内容。",
        "The program had printed {used} of {allowed} after {after} and was stopped. Print less.",
    ),
    "missing_output": (
        "程序正常结束，但没有写出 $OUTPUT_DIR/{file}。请核对文件名和文件夹。",
        "The program ended well but did not write $OUTPUT_DIR/{file}. Check name and folder.",
    ),
    "invalid_output": (
        "输出 {file} 不是可收取的普通文件：{fact}。请直接写出一个普通文件。",
        "The output {file} is not a plain file that can be collected: {fact}. Write a plain file.",
    ),
}
_PLAIN_LIMITS: Final[Mapping[RunVerdict, tuple[str, str]]] = {
    RunVerdict.TIME_LIMIT: (
        "运行超过时限，已被终止。请缩短运行时间。",
        "The run exceeded its time limit and was stopped. Do less.",
    ),
    RunVerdict.MEMORY_LIMIT: (
        "内存用量超过上限，已被终止。请分批处理数据。",
        "The run needed more memory than allowed and was stopped. Work in smaller batches.",
    ),
    RunVerdict.PROCESS_LIMIT: (
        "进程或线程数超过上限，已被终止。请减少并行数。",
        "The run started too many processes or threads. Start no more workers than CPUS.",
    ),
    RunVerdict.OUTPUT_LIMIT: (
        "输出或日志超过上限，已被终止。请只写出答案文件，减少打印内容。",
        "The output or the log exceeded its limit. Write the answer alone, print less.",
    ),
}
_WHERE: Final = re.compile(r"(?:(?P<function>.+)\(\) in )?(?P<file>.+), line (?P<line>\d+)")
_PACKAGE: Final = re.compile(r"No module named '([\w.]{1,100})'")
_LONGEST_ERROR: Final = 200

SYSTEM_FAULT: Final = Message.custom(
    "平台故障，评测未能完成；本次提交不计入次数。组委会可查看原因并重新评测。",
    "The platform failed; this does not count against your quota, and organisers can run it again.",
)
SCORER_FAULT: Final = Message.custom(
    "评分程序出错，这不是您的问题；本次提交不计入次数。组委会可在修复后重新评测。",
    "The scoring program failed, which is not your fault; this does not count against your quota.",
)
DAMAGED_CODE: Final = Message.custom("代码压缩包无法解开。", "The code archive cannot be unpacked.")


def explain_run(result: RunResult, spec: ProblemSpec) -> Message:
    """Return why a run failed, in both languages: what happened with its numbers, what to do.

    Raises:
        ValueError: the run did not fail.
    """
    if result.verdict is None:
        message = "the run did not fail"
        raise ValueError(message)
    key, facts = _facts(result)
    facts |= {
        "exit_code": result.exit_code,
        "signal": result.signal,
        "file": spec.submission.file,
        "fact": result.message.removeprefix(spec.submission.file).strip(),
    }
    sentences = _SENTENCES.get(key) or _PLAIN_LIMITS[result.verdict]
    places = _places(result)
    chinese, english = (
        sentence.format(
            **{
                name: fact[number] if isinstance(fact, tuple) else fact
                for name, fact in facts.items()
            },
            place=places[number],
            where=places[number],
        )
        for number, sentence in enumerate(sentences)
    )
    return Message.custom(chinese, english)


def find_place(where: str) -> tuple[str, str, int] | None:
    """Return function, file and line of `sandbox.types.Excess.where`; None: it says nothing."""
    found = _WHERE.fullmatch(where)
    return None if found is None else (found["function"] or "", found["file"], int(found["line"]))


def find_origin(error: ProgramError | None, excess: Excess | None) -> tuple[str, str, int] | None:
    """Return function, file and line of a run's own error, else of where it hit its limit."""
    if error is not None and error.file:
        return error.function, error.file, error.line
    return None if excess is None else find_place(excess.where)


def find_missing_package(error: ProgramError | None) -> str | None:
    """Return the package that an import did not find, unless the submission was to bring it."""
    if error is None or error.type not in {"ModuleNotFoundError", "ImportError"}:
        return None
    found = _PACKAGE.search(error.message)
    return None if found is None else found[1].partition(".")[0]


def _facts(result: RunResult) -> tuple[str, dict[str, object]]:
    """Return which sentence tells it, and what is filled into it; a pair is one per language."""
    excess, error = result.excess, result.error
    if excess is not None:
        return excess.kind.value, {
            "used": _amount(excess, excess.used),
            "allowed": _amount(excess, excess.allowed),
            "after": _seconds(excess.after_s),
        }
    if result.verdict is not RunVerdict.RUNTIME_ERROR:
        return str(result.verdict), {}
    return _own_error(result, error)


def _own_error(result: RunResult, error: ProgramError | None) -> tuple[str, dict[str, object]]:
    package = find_missing_package(error)
    if package is not None:
        return "missing_package", {"package": package}
    if result.signal is not None:
        return "signal", {}
    if error is not None:
        told = f"{error.type}: {error.message}" if error.message else error.type
        return "exception", {"error": told.replace("\n", " ")[:_LONGEST_ERROR]}
    return "runtime_error", {}


def _amount(excess: Excess, value: float) -> str | tuple[str, str]:
    if excess.kind is LimitKind.TIME:
        return _seconds(value)
    if excess.kind in {LimitKind.PROCESSES, LimitKind.OUTPUT_FILES}:
        return f"{value:.0f}"
    return format_bytes(int(value))


def _seconds(value: float) -> tuple[str, str]:
    """Return a time in both languages."""
    number = f"{value:.1f}".removesuffix(".0")
    return f"{number} 秒", f"{number} s"


def _places(result: RunResult) -> tuple[str, str]:
    """Return where it happened, in both languages; empty where nobody knows."""
    place: tuple[str, str, int] | None = None
    if result.excess is not None:
        place = find_place(result.excess.where)
    elif result.error is not None and result.error.file:
        place = (result.error.function, result.error.file, result.error.line)
    if place is None:
        return "", ""
    function, file, line = place
    if function in {"", "<module>"}:
        return f"（{file} 第 {line} 行）", f" at {file}, line {line}"
    return f"（{file} 第 {line} 行，{function}()）", f" in {function}() at {file}, line {line}"
