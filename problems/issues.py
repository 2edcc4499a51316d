"""What is wrong with a pack: file, line, key, what is allowed, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from typing_extensions import override

__all__ = ["CATALOGUE", "PackError", "PackIssue"]

Params = Mapping[str, str | int | float]

CATALOGUE: Final[Mapping[str, tuple[str, str]]] = {
    # files
    "no_folder": ("不是文件夹", "not a folder"),
    "missing_file": ("文件不存在", "the file does not exist"),
    "not_utf8": ("文件不是 UTF-8 编码", "the file is not UTF-8"),
    "file_too_big": ("文件超过 {limit} 字节", "the file is larger than {limit} bytes"),
    "link": ("题目包内不允许链接", "links are not allowed in a pack"),
    "no_data": (
        "需要 generate.py 或 data/ 二者之一",
        "either generate.py or data/ is needed",
    ),
    "no_entrypoint": ("baseline/ 中需有 main.py 或 run.sh", "baseline/ needs main.py or run.sh"),
    # YAML
    "yaml": ("YAML 语法错误：{reason}", "YAML syntax: {reason}"),
    "not_a_mapping": ("文件应为键值映射", "the file must be a mapping"),
    "yaml_alias": ("不支持锚点与别名", "anchors and aliases are not supported"),
    "yaml_tag": ("不支持标签 {what}", "the tag {what} is not supported"),
    "yaml_key": ("键必须是文本", "a key must be text"),
    "yaml_too_big": ("内容过多或嵌套过深", "too much content, or nested too deeply"),
    "repeated_key": ("键重复", "the key is repeated"),
    # the model
    "unknown_key": ("未知的键，允许：{allowed}", "unknown key; allowed are {allowed}"),
    "unknown_key_near": (
        "未知的键，是否应为 {nearest}；允许：{allowed}",
        "unknown key; did you mean {nearest}; allowed are {allowed}",
    ),
    "missing_key": ("缺少这个键", "the key is missing"),
    "wrong_type": (
        "“{value}”的类型不对，应为 {allowed}",
        "“{value}” has the wrong type; allowed is {allowed}",
    ),
    "not_allowed": (
        "“{value}”不在允许的取值中：{allowed}",
        "“{value}” is not allowed; allowed are {allowed}",
    ),
    "not_allowed_near": (
        "“{value}”不在允许的取值中，是否应为 {nearest}；允许：{allowed}",
        "“{value}” is not allowed; did you mean {nearest}; allowed are {allowed}",
    ),
    "bad_pattern": ("“{value}”不符合格式 {allowed}", "“{value}” does not match {allowed}"),
    "bad_length": ("长度不对，应为 {allowed}", "the length is wrong; allowed is {allowed}"),
    "out_of_range": (
        "“{value}”超出范围，应为 {allowed}",
        "“{value}” is out of range; allowed is {allowed}",
    ),
    "bad_size": (
        "“{value}”不是大小，应形如 {allowed}",
        "“{value}” is not a size; write it as {allowed}",
    ),
    "bad_time": (
        "“{value}”不是时长，应形如 {allowed}",
        "“{value}” is not a time; write it as {allowed}",
    ),
    "plain_name": (
        "“{value}”不是普通文件名，允许字母、数字、下划线、点和短横线",
        "“{value}” is not a plain file name: letters, digits, underscore, dot and dash",
    ),
    "reserved_word": (
        "“{word}”是保留字，目前尚不支持，使用它的题目包不能发布",
        "“{word}” is a reserved word that is not supported yet; a pack that uses it is refused",
    ),
    "needs_gpus": ("{name} 需要 gpus 至少为 1", "{name} needs gpus of at least 1"),
    "other": ("{reason}", "{reason}"),
    # the answer table
    "values_missing": ("type: category 需要 values", "type: category needs values"),
    "values_not_category": (
        "只有 type: category 可有 values",
        "values belong to type: category only",
    ),
    "values_repeated": ("values 中有重复的值", "a value is repeated in values"),
    "bounds_not_number": (
        "只有 type: integer 和 number 可有 min、max",
        "min and max belong to type: integer and number only",
    ),
    "bounds_crossed": ("min 大于 max", "min is greater than max"),
    "key_not_a_column": (
        "键列“{name}”不在 columns 中：{allowed}",
        "the key “{name}” is not one of the columns {allowed}",
    ),
    "key_type": (
        "键列“{name}”不能是 number，也不能 nullable",
        "the key “{name}” can be neither a number nor nullable",
    ),
    "key_repeated": ("键列重复", "a key column is repeated"),
    # scoring
    "target_missing": ("有 metric 时需要 target", "a metric needs a target"),
    "metric_missing": (
        "target、prediction、params 需与 metric 一起使用",
        "target, prediction and params belong to a metric",
    ),
    "column_repeated": ("排行榜列“{name}”重复", "the board column “{name}” is repeated"),
    "one_primary": (
        "应恰有一列 primary: true，现有 {count} 列",
        "exactly one column must be primary: true, there are {count}",
    ),
    "no_metric": (
        "列“{name}”需要 metric，否则题目包需要 scorer",
        "column “{name}” needs a metric, or the pack a scorer",
    ),
    "metric_and_scorer": (
        "已有 scorer，列“{name}”不能再有 metric",
        "there is a scorer, so column “{name}” cannot have a metric",
    ),
    "metric_and_formula": (
        "metric 与 formula 只能有一个",
        "a column has a metric or a formula, not both",
    ),
    "run_and_more": (
        "run 不能与 metric、formula 一起使用",
        "a column with run has neither a metric nor a formula",
    ),
    "limit_without_run": ("limit 需与 run 一起使用", "limit belongs to run"),
    "run_direction": (
        "{name} 越小越好，direction 应为 min",
        "less {name} is better: the direction is min",
    ),
    "run_needs_code": (
        "{name} 取自程序的运行，而预测文件没有运行：submission.kinds 只能是 [code]",
        "{name} comes from a run, and a predictions file has none: submission.kinds must be [code]",
    ),
    "run_needs_table": (
        "{name} 按答案的行数平均，需要 submission.table 和内置指标",
        "{name} is per row of the answer: it needs submission.table and built-in metrics",
    ),
    "usage_is_answer": (
        "{name} 用来报告 token 数，答案文件须另取名称",
        "{name} is where tokens are reported: the answer needs another name",
    ),
    "stratum_needs_losses": (
        "分层重抽样需要主列 {name} 由可按行分解的内置指标评分",
        "strata need a primary column, {name}, of a built-in metric that decomposes by row",
    ),
    "formula_too_long": ("公式太长", "the formula is too long"),
    "formula_syntax": (
        "公式在第 {count} 个字符处有语法错误",
        "the formula has a syntax error at character {count}",
    ),
    "formula_not_allowed": (
        "公式第 {count} 个字符处不允许这样写；可用：数字、列名、+ - * /、括号和 {allowed}",
        "character {count} of the formula is not allowed; there are + - * / ( ) and {allowed}",
    ),
    "formula_number": (
        "公式第 {count} 个字符处的 {name} 不是数字",
        "{name} at character {count} of the formula is not a number",
    ),
    "formula_function": (
        "公式中没有函数“{name}”，可用：{allowed}",
        "there is no function “{name}”; there are {allowed}",
    ),
    "formula_arguments": (
        "公式中 {name} 的参数个数不对",
        "{name} has the wrong number of arguments",
    ),
    "formula_points": (
        "piecewise 的点必须是数字，且 x 递增",
        "the points of piecewise must be numbers with ascending x",
    ),
    "formula_column": (
        "公式用到的列“{name}”不存在：{allowed}",
        "the formula uses the column “{name}”; there are {allowed}",
    ),
    "formula_circle": (
        "列“{name}”的公式绕回了它自己",
        "the formula of column “{name}” leads back to itself",
    ),
    "table_missing": (
        "内置指标需要 submission.table",
        "built-in metrics need submission.table",
    ),
    "wrong_direction": (
        "指标 {metric} 的方向是 {allowed}",
        "the direction of {metric} is {allowed}",
    ),
    "target_count": (
        "指标 {metric} 需要真值列 {allowed}，现有 {count} 列",
        "{metric} takes the truth's columns {allowed}, there are {count}",
    ),
    "target_per_prediction": (
        "指标 {metric} 的每个答案列要有一个真值列，现有 {count} 个真值列",
        "{metric} takes one truth column for each answer column, there are {count} of the truth",
    ),
    "one_target": ("指标 {metric} 只需一个 target", "{metric} takes one target"),
    "prediction_count": (
        "指标 {metric} 需要 {allowed} 个答案列，现有 {count} 个",
        "{metric} takes {allowed} answer columns, there are {count}",
    ),
    "prediction_unknown": (
        "答案中没有列“{name}”，允许：{allowed}",
        "the answer has no column “{name}”; allowed are {allowed}",
    ),
    "prediction_nullable": (
        "用于评分的答案列“{name}”不能 nullable",
        "the scored answer column “{name}” cannot be nullable",
    ),
    "prediction_type": (
        "指标 {metric} 的答案列“{name}”应为 {allowed}",
        "{metric} needs the answer column “{name}” to be {allowed}",
    ),
    "prediction_range": (
        "答案列“{name}”是概率，应写 min: 0, max: 1",
        "the answer column “{name}” is a probability: give it min: 0, max: 1",
    ),
    "param_missing": ("指标 {metric} 需要参数 {name}", "{metric} needs the parameter {name}"),
    "param_unknown": (
        "指标 {metric} 没有参数“{name}”，允许：{allowed}",
        "{metric} has no parameter “{name}”; allowed are {allowed}",
    ),
    "param_value": (
        "参数 {name} 的取值不对，应为 {allowed}",
        "the parameter {name} is wrong; allowed is {allowed}",
    ),
    "classes_missing": (
        "多个概率列需要 params.labels 给出各列的类别",
        "several probability columns need params.labels: the class of each",
    ),
    "unknown_score_column": (
        "“{name}”不是排行榜列，允许：{allowed}",
        "“{name}” is not a board column; allowed are {allowed}",
    ),
    "bundle_scorer": (
        "导入的题目需要 scoring.scorer，且没有 submission.table",
        "an imported problem needs scoring.scorer and has no submission.table",
    ),
    # statements
    "heading_missing": ("缺少二级标题“{name}”", "the level 2 heading “{name}” is missing"),
    "heading_unknown": (
        "二级标题“{name}”不在规定之列：{allowed}",
        "the level 2 heading “{name}” is not one of the fixed set: {allowed}",
    ),
    "heading_order": (
        "标题“{name}”的次序不对，应依次为 {allowed}",
        "the heading “{name}” is out of order; the order is {allowed}",
    ),
    "heading_repeated": ("标题“{name}”重复", "the heading “{name}” is repeated"),
    "section_empty": ("“{name}”一节没有内容", "the section “{name}” is empty"),
}


@dataclass(frozen=True, slots=True)
class PackIssue:
    """One fault: the file within the pack, its line from 1 (0: the whole file), the key, a code.

    `column` counts from 1; 0 where it is not known.
    """

    file: str
    line: int
    key: str
    code: str
    params: Params = field(default_factory=dict)
    column: int = 0

    def render(self, locale: str) -> str:
        """Say it in Chinese (any Chinese locale) or English, after file, line and key."""
        chinese = locale.lower().startswith("zh")
        text = self.words(locale)
        colon = "：" if chinese else ": "
        where = f"{self.file}:{self.line}" if self.line else self.file
        return colon.join(part for part in (where, self.key, text) if part)

    def words(self, locale: str) -> str:
        """Say it without its place."""
        chinese = locale.lower().startswith("zh")
        return CATALOGUE[self.code][0 if chinese else 1].format_map(self.params)


class PackError(Exception):
    """A pack is malformed; `issues` says where and how, in the order of files and lines."""

    def __init__(self, *issues: PackIssue) -> None:
        super().__init__(*issues)
        self.issues: tuple[PackIssue, ...] = issues

    @override
    def __str__(self) -> str:
        """Render every issue in English, one per line."""
        return "\n".join(issue.render("en") for issue in self.issues)
