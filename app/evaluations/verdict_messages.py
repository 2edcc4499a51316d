"""What a failed run tells its team: one sentence on what happened, one on what to do."""

from collections.abc import Mapping
from typing import Final

from app.core.blobs import format_bytes
from problems.spec import ProblemSpec
from sandbox import RunResult
from sandbox import Verdict as RunVerdict
from scoring import Message

_SENTENCES: Final[Mapping[RunVerdict, tuple[str, str]]] = {
    RunVerdict.RUNTIME_ERROR: (
        "程序以退出码 {exit_code} 结束。请查看日志末尾的错误信息。",
        "The program ended with exit status {exit_code}. The end of the log says why.",
    ),
    RunVerdict.TIME_LIMIT: (
        "运行超过时限 {time} 秒，已被终止。请缩短运行时间，或减少训练轮数。",
        "The run exceeded its {time} s and was stopped. Make it faster or train less.",
    ),
    RunVerdict.MEMORY_LIMIT: (
        "内存用量超过上限 {memory}，已被终止。请分批处理数据。",
        "The run needed more than {memory} of memory and was stopped. Work in smaller batches.",
    ),
    RunVerdict.OUTPUT_LIMIT: (
        "输出或日志超过上限（输出 {output}），已被终止：{fact}",
        "The output or the log exceeded its limit (output {output}); the run was stopped: {fact}",
    ),
    RunVerdict.PROCESS_LIMIT: (
        "进程或线程数超过上限，已被终止。请减少并行数。",
        "The run started too many processes or threads. Use fewer workers.",
    ),
    RunVerdict.MISSING_OUTPUT: (
        "程序正常结束，但没有写出 $OUTPUT_DIR/{file}。",
        "The program ended well but did not write $OUTPUT_DIR/{file}.",
    ),
    RunVerdict.INVALID_OUTPUT: (
        "输出 {file} 不是可收取的普通文件：{fact}",
        "The output {file} is not a plain file that can be collected: {fact}",
    ),
}

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
    """Return why a run failed, in both languages, with the limits that applied.

    Raises:
        ValueError: the run did not fail.
    """
    if result.verdict is None:
        message = "the run did not fail"
        raise ValueError(message)
    facts = {
        "exit_code": result.exit_code,
        "time": spec.resources.time_s,
        "memory": format_bytes(spec.resources.memory),
        "output": format_bytes(spec.resources.output),
        "file": spec.submission.file,
        "fact": result.message,
    }
    chinese, english = _SENTENCES[result.verdict]
    return Message.custom(chinese.format(**facts), english.format(**facts))
