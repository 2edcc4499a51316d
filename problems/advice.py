"""What an author does about a fault of a pack: one sentence for each kind, in both languages."""

from collections.abc import Mapping
from typing import Final

__all__ = ["ADVICE", "advise"]

_READ_THE_LINE: Final = (
    "请打开该文件的这一行，改成允许的写法。",
    "Open the file at this line and write one of what is allowed.",
)
_STATEMENT: Final = (
    "题面须依次含规定的六个二级标题，各有内容；其他标题请用三级。",
    "A statement has the six fixed level 2 headings in order, each with text; others have level 3.",
)
_METRIC: Final = (
    "请对照文档中该指标的写法，核对 target、prediction 与 params。",
    "Compare target, prediction and params with what the documentation says of this metric.",
)
_TABLE: Final = (
    "请核对 submission.table 中的列及其类型。",
    "Check the columns of submission.table and their types.",
)
_FORMULA: Final = (
    "请修改 formula：只用数字、列名、运算符和所列函数。",
    "Change the formula: numbers, columns, operators and the functions named are all it may use.",
)
_LEAK: Final = (
    "请从公开数据和输入中去掉它，或打乱次序、重新编号，再检查一次。",
    "Take it out of the public data and the input, or shuffle and renumber them, and check again.",
)
_GENERATOR: Final = (
    "请在本机以同一种子运行 generate.py 两次：随机数须取自种子，不可依赖时间、集合次序或线程。",
    "Run generate.py twice with one seed: all randomness comes from it, none from time or threads.",
)
_SCORER: Final = (
    "请用 `python -m scoring score` 在本机重现，再修正评分程序或真值。",
    "Repeat it with `python -m scoring score` and correct the scorer or the truth.",
)
_BASELINE: Final = (
    "请重跑基线，在 problem.yaml 的 baseline.scores 记录其得分，或修正基线。",
    "Run the baseline again and record its scores under baseline.scores, or correct the baseline.",
)

ADVICE: Final[Mapping[str, tuple[str, str]]] = {
    "missing_file": (
        "请将该文件放入包中，名称完全一致。",
        "Put the file into the pack, by exactly this name.",
    ),
    "not_utf8": ("请以 UTF-8 编码另存该文件。", "Save the file as UTF-8."),
    "file_too_big": (
        "请精简该文件；数据应放在 data/。",
        "Make the file smaller; data belong under data/.",
    ),
    "link": ("请用文件本身替换链接。", "Replace the link by the file itself."),
    "no_data": (
        "请加入 generate.py，或随包提供 data/。",
        "Add a generate.py, or ship the data under data/.",
    ),
    "no_entrypoint": (
        "请在 baseline/ 根目录放 main.py 或 run.sh。",
        "Put a main.py or run.sh at the root of baseline/.",
    ),
    "yaml": (
        "请检查缩进、冒号后的空格和引号；含冒号的文本要加引号。",
        "Check the indentation, the space after colons and quotes; texts with colons need quotes.",
    ),
    "unknown_key": ("请删去该键，或改为允许的键。", "Remove the key, or use one that is allowed."),
    "unknown_key_near": ("多半是拼写错误，请改正。", "Most likely a slip of spelling: correct it."),
    "missing_key": ("请补上这个键。", "Add the key."),
    "reserved_word": ("请暂时不要使用它。", "Leave it out for now."),
    "other": _READ_THE_LINE,
    "column_leak": _LEAK,
    "order_leak": _LEAK,
    "truth_copied": _LEAK,
    "shared_keys": (
        "A、B 两榜的真值须各有各的键，请重新划分。",
        "Divide the rows anew: each key is in the truth of one board alone.",
    ),
    "missing": ("请让 generate.py 生成它，或随包提供。", "Let generate.py make it, or ship it."),
    "no_board": (
        "请提供 data/A/truth（以及 data/B/truth）。",
        "Provide data/A/truth, and data/B/truth for a hidden board.",
    ),
    "missing_sample": (
        "请在 data/public 放一份可通过校验的提交样例。",
        "Put a sample submission that validates into data/public.",
    ),
    "generator_failed": (
        "请按下方输出修正 generate.py；它在沙箱中运行，没有网络。",
        "Correct generate.py by what it printed; it runs in the sandbox, without a network.",
    ),
    "bytes_differ": _GENERATOR,
    "file_only_once": _GENERATOR,
    "refused": (
        "请让提交样例与 submission.table 一致。",
        "Make the sample submission fit submission.table.",
    ),
    "malformed_accepted": _SCORER,
    "malformed_crash": _SCORER,
    "invalid_scores": _SCORER,
    "scorer_error": _SCORER,
    "truth_error": (
        "请修正真值文件：键列与目标列须齐全。",
        "Correct the truth: it needs the key columns and the target columns.",
    ),
    "not_perfect": _METRIC,
    "baseline_failed": _BASELINE,
    "baseline_off": _BASELINE,
    "not_recorded": _BASELINE,
    "no_baseline": (
        "建议随包提供基线，让队伍有可比较的起点。",
        "Bring a baseline, so that teams have something to compare with.",
    ),
    **dict.fromkeys(
        (
            "not_a_mapping",
            "yaml_alias",
            "yaml_tag",
            "yaml_key",
            "repeated_key",
            "wrong_type",
            "not_allowed",
            "not_allowed_near",
            "bad_pattern",
            "bad_length",
            "out_of_range",
            "bad_size",
            "bad_time",
            "plain_name",
        ),
        _READ_THE_LINE,
    ),
    **dict.fromkeys(
        (
            "heading_missing",
            "heading_unknown",
            "heading_order",
            "heading_repeated",
            "section_empty",
        ),
        _STATEMENT,
    ),
    **dict.fromkeys(
        (
            "target_missing",
            "metric_missing",
            "target_count",
            "target_per_prediction",
            "one_target",
            "prediction_count",
            "prediction_unknown",
            "prediction_nullable",
            "prediction_type",
            "prediction_range",
            "param_missing",
            "param_unknown",
            "param_value",
            "wrong_direction",
        ),
        _METRIC,
    ),
    **dict.fromkeys(
        (
            "values_missing",
            "values_not_category",
            "values_repeated",
            "bounds_not_number",
            "bounds_crossed",
            "key_not_a_column",
            "key_type",
            "key_repeated",
            "table_missing",
        ),
        _TABLE,
    ),
    **dict.fromkeys(
        (
            "formula_syntax",
            "formula_not_allowed",
            "formula_number",
            "formula_function",
            "formula_arguments",
            "formula_points",
            "formula_column",
            "formula_circle",
            "formula_too_long",
        ),
        _FORMULA,
    ),
}
"""By the code of a `PackIssue` or a `Finding`; a code that explains itself has none."""


def advise(code: str, locale: str) -> str:
    """Return what to do about a fault, or nothing where its words say it all."""
    words = ADVICE.get(code)
    if words is None:
        return ""
    return words[0 if locale.lower().startswith("zh") else 1]
