"""What is said about a bundle: faults, what is left behind, and how unclear things were read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from typing_extensions import override

__all__ = ["CATALOGUE", "BundleError", "Level", "Note"]


class Level(StrEnum):
    """How much a note matters."""

    ERROR = "error"
    """The bundle is not imported."""
    LOST = "lost"
    """Something that is not carried over."""
    READ = "read"
    """How something was understood that could be understood otherwise."""


WORDS: Final[Mapping[Level, tuple[str, str]]] = {
    Level.ERROR: ("错误", "error"),
    Level.LOST: ("未导入", "not carried over"),
    Level.READ: ("说明", "note"),
}

CATALOGUE: Final[Mapping[str, tuple[str, str]]] = {
    "details": ("{zh}", "{en}"),
    # the archive
    "no_description": (
        "根目录下需有 competition.yaml（Codabench、CodaLab）或 challenge_config.yaml（EvalAI）",
        (
            "there must be a competition.yaml (Codabench, CodaLab) or a "
            "challenge_config.yaml (EvalAI) at the root"
        ),
    ),
    "two_descriptions": (
        "根目录下有多个描述文件：{names}，只能有一个",
        "there are several descriptions at the root ({names}); there must be one",
    ),
    "top_folder": (
        "压缩包内只有文件夹“{name}”，已将其视为根目录",
        "everything lies in the folder “{name}”, which is taken as the root",
    ),
    "not_utf8": ("文件不是 UTF-8 编码", "the file is not UTF-8"),
    "too_big": ("文件超过 {limit} 字节", "the file is larger than {limit} bytes"),
    "version_unknown": (
        "未知的版本“{value}”，可用：1、1.5、2",
        "unknown version “{value}”; there are 1, 1.5 and 2",
    ),
    "version_guessed": (
        "没有写 version: 2，但有 tasks，按第 2 版读取",
        "there is no `version: 2`, but there are tasks: read as version 2",
    ),
    # values
    "missing_key": ("缺少这个键", "the key is missing"),
    "wrong_type": ("“{value}”应为 {allowed}", "“{value}” must be {allowed}"),
    "not_allowed": (
        "“{value}”不在允许的取值中：{allowed}",
        "“{value}” is not one of {allowed}",
    ),
    "empty_list": ("至少需要一项", "at least one is needed"),
    "too_many": ("超过 {limit} 项", "there are more than {limit}"),
    "repeated": ("“{value}”重复", "“{value}” is repeated"),
    "unknown_reference": (
        "没有编号为“{value}”的{what_zh}",
        "there is no {what_en} “{value}”",
    ),
    # files
    "path_outside": (
        "路径“{path}”不在压缩包之内",
        "the path “{path}” leads out of the bundle",
    ),
    "path_missing": ("压缩包内没有“{path}”", "there is no “{path}” in the bundle"),
    "path_kind": (
        "“{path}”既不是文件夹，也不是 zip",
        "“{path}” is neither a folder nor a zip",
    ),
    "path_not_file": ("“{path}”不是文件", "“{path}” is not a file"),
    "page_empty": ("“{path}”没有内容", "“{path}” is empty"),
    "dataset_key": (
        "“{value}”指向原平台上的数据集，文件不在压缩包内，请将其放入后重试",
        "“{value}” is a data set of the other platform, and its files are not here: add them",
    ),
    "bad_zip": ("“{path}”无法解压：{zh}", "“{path}” cannot be unpacked: {en}"),
    # dates
    "bad_date": (
        "“{value}”不是日期，请写成 2026-05-01 18:00:00 或 5-1-2026（月-日-年）",
        "“{value}” is no date; write 2026-05-01 18:00:00 or 5-1-2026 (month first)",
    ),
    "date_read": (
        "“{value}”理解为 {utc}，即北京时间 {beijing}",
        "“{value}” is read as {utc}, which is {beijing} Beijing time",
    ),
    "date_order": ("结束时间不晚于开始时间", "the end is not after the start"),
    "phases_overlap": (
        "阶段“{name}”在前一阶段结束之前开始",
        "the phase “{name}” starts before the one before it ends",
    ),
    # programs
    "no_command": (
        "“{path}”中的 metadata.yaml 没有 command",
        "the metadata.yaml in “{path}” has no command",
    ),
    "no_metadata": ("“{path}”中没有 metadata.yaml", "there is no metadata.yaml in “{path}”"),
    "bad_command": ("命令“{value}”无法拆分", "the command “{value}” cannot be split into words"),
    "command_shell": (
        "命令“{value}”不经 shell 执行，其中的“{sign}”不会起作用",
        "the command “{value}” runs without a shell: “{sign}” in it has no effect",
    ),
    "no_evaluate": (
        "“{path}”中没有 __init__.py，无法作为 Python 包导入",
        "there is no __init__.py in “{path}”, so it is no package to import",
    ),
    "evaluation_requirements": (
        "requirements.txt 不会安装，评分环境为镜像 python-cpu：{names}",
        "requirements.txt is not installed; the scorer runs in the image python-cpu: {names}",
    ),
    # columns
    "no_columns": ("没有排行榜列", "there are no leaderboard columns"),
    "column_computation": (
        "列“{name}”的 computation 引用了它自己或不存在的列",
        "the computation of the column “{name}” uses itself or a column that is not there",
    ),
    "column_renamed": ("列“{name}”的键改为“{key}”", "the column “{name}” has the key “{key}”"),
    "primary_hidden": (
        "排名所用的列“{name}”不能隐藏",
        "the column “{name}” ranks and cannot be hidden",
    ),
    "second_leaderboard": (
        "原平台只使用第一个排行榜，“{name}”未使用",
        "the other platform uses the first leaderboard alone; “{name}” is left out",
    ),
    "default_order": (
        "default_order_by“{value}”不是该榜的列，允许：{allowed}",
        "default_order_by “{value}” is no label of this board; there are {allowed}",
    ),
    # what has no counterpart
    "key_unknown": ("本平台不认识这个键，已忽略", "nothing here knows this key; it is ignored"),
    "no_counterpart": ("本平台没有对应的设置", "there is no such setting here"),
    "docker_image": (
        "程序在镜像 python-cpu 中运行，不使用“{value}”",
        "programs run in the image python-cpu, not in “{value}”",
    ),
    "limit_total": (
        "本平台没有提交总次数限制（原为 {value}）",
        "there is no limit on all submissions together (it was {value})",
    ),
    "limit_month": (
        "本平台没有每月提交次数限制（原为 {value}）",
        "there is no monthly limit here (it was {value})",
    ),
    "limit_day_none": (
        "原为不限每日提交次数，这里为每日 1000 次",
        "there was no daily limit; here it is 1000 a day",
    ),
    "limit_day_capped": (
        "每日 {value} 次超过上限，这里为每日 1000 次",
        "{value} a day is more than is possible; here it is 1000",
    ),
    "scoring_time": (
        "评分程序最多运行 300 秒（原为 {value} 秒）",
        "a scoring program may take 300 s at most (it was {value} s)",
    ),
    "several_tasks": (
        "阶段“{name}”有 {count} 个任务，各成一题，需分别提交",
        "the phase “{name}” has {count} tasks: each becomes a problem, submitted to by itself",
    ),
    "ingestion_with_truth": (
        "任务“{name}”在评分时运行 ingestion 程序，参赛代码会看到标准答案，不能导入",
        (
            "the task “{name}” runs its ingestion during scoring, where a team's code sees "
            "the truth: it is not imported"
        ),
    ),
    "task_key": (
        "任务指向原平台上的“{value}”，其文件不在压缩包内，不能导入",
        (
            "the task is “{value}” of the other platform, whose files are not in the bundle: "
            "it is not imported"
        ),
    ),
    "submission_rule": (
        "提交规则“{value}”理解为“{counts}”",
        "the submission rule “{value}” is read as “{counts}”",
    ),
    "auto_migrate": (
        "提交不会自动转入下一阶段，各队需重新提交",
        "submissions do not move on to the next phase by themselves: teams submit again",
    ),
    "solution_unused": (
        "任务“{name}”已有示例提交，其余示例未使用",
        "the task “{name}” has a sample submission already; the others are left out",
    ),
    "parent_phase": (
        "父阶段“{name}”只作分组之用，未导入",
        "the parent phase “{name}” only groups others and is left out",
    ),
    "phase_end": (
        "没有写结束时间，取下一阶段开始前一天：{beijing}（北京时间）",
        "it has no end: a day before the next phase begins, {beijing} Beijing time",
    ),
    "image_left": (
        "封面只能是 SVG，图片“{path}”未导入",
        "a cover is SVG; the picture “{path}” is left out",
    ),
    "picture_left": (
        "页面“{page}”中的图片“{path}”未导入",
        "the picture “{path}” in the page “{page}” is left out",
    ),
    "file_types": (
        "提交文件统一命名为“{name}”，原允许：{value}",
        "every submission is the file “{name}”; allowed were {value}",
    ),
    # EvalAI
    "not_imported_kind": (
        "需要在组织者的机器上评测，或提交容器镜像，本平台不支持",
        "it needs the organiser's own machine or container images as submissions: not supported",
    ),
    "visibility": (
        "“{split}”的可见性为 {value}，理解为 {how_zh}",
        "the visibility {value} of “{split}” is read as {how_en}",
    ),
    "split_hidden_alone": (
        "“{split}”的成绩只给主办方看，而这里 A 榜的成绩各队自己可见：阶段未开放，请先决定",
        (
            "only hosts saw the scores of “{split}”, while a team always sees its own on A here: "
            "the stage stays shut until you decide"
        ),
    ),
    "splits_apart": (
        "阶段“{name}”有 {count} 个数据划分，各成一题，需分别提交",
        "the phase “{name}” has {count} splits: each becomes a problem, submitted to by itself",
    ),
    "no_splits": (
        "阶段“{name}”没有数据划分，未导入",
        "the phase “{name}” has no split and is not imported",
    ),
    "nothing_left": (
        "没有可以导入的阶段或任务",
        "there is no phase or task that could be imported",
    ),
}


@dataclass(frozen=True, slots=True)
class Note:
    """One thing about a bundle: where in it (line and column from 1, 0 for the whole file)."""

    level: Level
    file: str
    code: str
    line: int = 0
    column: int = 0
    key: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)

    def render(self, locale: str) -> str:
        """Say it in Chinese (any Chinese locale) or English, after its place and its level."""
        chinese = locale.lower().startswith("zh")
        text = CATALOGUE[self.code][0 if chinese else 1].format_map(self.params)
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        word = WORDS[self.level][0 if chinese else 1]
        parts = (place, self.key, word, text)
        return ("：" if chinese else ": ").join(part for part in parts if part)


class BundleError(Exception):
    """A bundle cannot be imported; `notes` hold at least one error."""

    def __init__(self, *notes: Note) -> None:
        super().__init__(*notes)
        self.notes: tuple[Note, ...] = notes

    @override
    def __str__(self) -> str:
        """Render every note in English, one per line."""
        return "\n".join(note.render("en") for note in self.notes)
