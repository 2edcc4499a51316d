"""The words of every message in Chinese and English, by code. Codes are stable, words are not."""

from collections.abc import Mapping
from typing import Final

__all__ = ["CATALOGUE"]

CATALOGUE: Final[Mapping[str, tuple[str, str]]] = {
    # a text that came ready made, from a pack's own scorer
    "custom": ("{zh}", "{en}"),
    "more": ("还有 {count} 处同类问题未列出", "and {count} more problems are not listed"),
    "more_at_least": (
        "还有至少 {count} 处同类问题未列出，其后的内容未再检查",
        "and at least {count} more problems are not listed; what follows was not looked at",
    ),
    # the file as a whole
    "empty_file": ("文件为空", "the file is empty"),
    "not_a_file": ("{name} 不是普通文件", "{name} is not a plain file"),
    "too_large": (
        "文件有 {size} 字节，上限为 {limit} 字节",
        "the file has {size} bytes, the limit is {limit}",
    ),
    "missing_answer": ("缺少答案文件 {name}", "the answer {name} is missing"),
    "encoding_gb18030": (
        "文件编码是 GBK/GB18030，请另存为 UTF-8（字节 {byte}）",
        "the file is encoded in GBK/GB18030, save it as UTF-8 (byte {byte})",
    ),
    "read_as_gb18030": (
        "文件按 GB18030（GBK）编码读取；如有乱码，请另存为 UTF-8",
        "the file was read as GB18030 (GBK); if characters look wrong, save it as UTF-8",
    ),
    "encoding_utf16": (
        "文件编码是 UTF-16，请另存为 UTF-8",
        "the file is encoded in UTF-16, save it as UTF-8",
    ),
    "encoding_unknown": (
        "文件不是 UTF-8 编码（字节 {byte}）",
        "the file is not UTF-8 (byte {byte})",
    ),
    "archive_not_csv": (
        "文件是 Excel 或压缩包，不是 CSV，请导出为 UTF-8 编码的 CSV",
        "the file is an Excel workbook or an archive, not CSV: export it as CSV in UTF-8",
    ),
    "nul_byte": ("含有空字节（NUL）", "there is a NUL byte"),
    "bad_quotes": ("引号不配对或位置不对", "a quote is unpaired or misplaced"),
    "field_too_long": ("单元格超过 {limit} 个字符", "a cell is longer than {limit} characters"),
    "field_count": (
        "应有 {expected} 列，实际 {found} 列",
        "{expected} columns expected, {found} found",
    ),
    "no_rows": ("只有表头，没有数据行", "there is a header and no rows"),
    # formats other than CSV
    "bad_json": ("不是合法的 JSON：{reason}", "this is not valid JSON: {reason}"),
    "json_shape": (
        "JSON 应由对象组成，每个对象是一行：[{{…}}, {{…}}]，JSON Lines 每行一个对象",
        "JSON must be made of objects, one a row: [{{…}}, {{…}}], in JSON Lines one a line",
    ),
    "cell_nested": (
        "{column} 不能是数组或对象",
        "{column} must not be an array or an object",
    ),
    "lone_surrogate": (
        "含有不成对的代理字符（\\ud800 至 \\udfff）",
        "there is half of a surrogate pair (\\ud800 to \\udfff)",
    ),
    "file_damaged": (
        "文件不能作为 {format} 读取：已损坏，或使用了不支持的特性",
        "the file cannot be read as {format}: it is damaged, or uses what is not supported",
    ),
    "too_many_rows": ("行数超过 {limit}", "there are more than {limit} rows"),
    "too_many_columns": ("列数超过 {limit}", "there are more than {limit} columns"),
    "too_much_data": (
        "解压后的数据超过 {limit} 字节",
        "unpacked, the data are more than {limit} bytes",
    ),
    "column_type": (
        "列“{name}”的类型 {type} 不受支持，应为文本、整数、小数或布尔",
        "column “{name}” is of type {type}; text, whole numbers, numbers and booleans are read",
    ),
    "uneven_columns": ("各列长度不同", "the columns are of different lengths"),
    # a zip of pictures
    "picture_not_png": (
        "压缩包中的 {name} 不是 PNG 图像",
        "{name} in the zip is no PNG picture",
    ),
    "picture_name": (
        "压缩包中的文件名 {name} 不可用",
        "the name {name} in the zip cannot be used",
    ),
    "picture_repeated": (
        "压缩包中有两个文件名为 {name}（不计目录）",
        "two files in the zip are named {name}, folders aside",
    ),
    "picture_count": (
        "压缩包中的图像超过 {limit} 张",
        "there are more than {limit} pictures in the zip",
    ),
    "picture_kind": (
        "{name} 应为 1 至 8 位灰度 PNG（非 0 即前景），实际为 {found}",
        "{name} must be a grey PNG of 1 to 8 bits (what is not 0 is the mask); this is {found}",
    ),
    "picture_pixels": (
        "{name} 的大小为 {found}，超出上限（共 {limit} 个像素）",
        "{name} is {found}, more than the {limit} pixels that are read",
    ),
    "picture_large": (
        "{name} 解压后超过 {limit} 字节",
        "{name} is more than {limit} bytes unpacked",
    ),
    "picture_damaged": (
        "{name} 已损坏或已加密，无法读取",
        "{name} is damaged or encrypted and cannot be read",
    ),
    "picture_runs": (
        "{name} 的掩码过于零碎，超过 {limit} 段",
        "the mask of {name} is in more than {limit} runs",
    ),
    "picture_size": (
        "“{name}”的掩码为 {found}（高 × 宽），图像为 {expected}",
        "the mask of “{name}” is {found} (height × width), its picture is {expected}",
    ),
    # the header
    "wrong_delimiter": (
        "列之间应以逗号分隔，而不是“{found}”",
        "columns are separated by commas, not by “{found}”",
    ),
    "missing_column": (
        "缺少列“{name}”，应有的列：{allowed}",
        "column “{name}” is missing; the columns are {allowed}",
    ),
    "unknown_column": (
        "未知列“{name}”，允许的列：{allowed}",
        "unknown column “{name}”; allowed are {allowed}",
    ),
    "unknown_column_near": (
        "未知列“{name}”，是否应为“{nearest}”",
        "unknown column “{name}”; did you mean “{nearest}”",
    ),
    "repeated_column": ("列“{name}”出现了多次", "column “{name}” appears more than once"),
    # one cell
    "empty_cell": ("{column} 为空", "{column} is empty"),
    "not_integer": (
        "{column} 取值“{value}”不是整数",
        "{column} is “{value}”, which is not an integer",
    ),
    "integer_range": (
        "{column} 取值“{value}”超出 64 位整数范围",
        "{column} is “{value}”, which does not fit 64 bits",
    ),
    "not_number": (
        "{column} 取值“{value}”不是数字",
        "{column} is “{value}”, which is not a number",
    ),
    "not_finite": (
        "{column} 取值“{value}”不是有限的数字（不允许 NaN 和无穷）",
        "{column} is “{value}”, which is not finite (NaN and infinity are refused)",
    ),
    "not_boolean": (
        "{column} 取值“{value}”不是布尔值，允许 true、false、1、0",
        "{column} is “{value}”; allowed are true, false, 1, 0",
    ),
    "not_in_values": (
        "{column} 取值“{value}”不在允许集合 {{{allowed}}} 中",
        "{column} is “{value}”, which is not one of {{{allowed}}}",
    ),
    "below_min": (
        "{column} 取值 {value} 小于下限 {limit}",
        "{column} is {value}, below the minimum {limit}",
    ),
    "above_max": (
        "{column} 取值 {value} 大于上限 {limit}",
        "{column} is {value}, above the maximum {limit}",
    ),
    # the rows together
    "duplicate_ids": (
        "有 {count} 行的 {key} 重复（首次出现在第 {first} 行），例如 {examples}",
        "{count} rows repeat a {key} (first seen on line {first}), for example {examples}",
    ),
    "missing_ids": (
        "缺少 {count} 个 {key}，例如 {examples}",
        "{count} {key} are missing, for example {examples}",
    ),
    "extra_ids": (
        "有 {count} 个 {key} 不在测试集中，例如 {examples}",
        "{count} {key} are not in the test set, for example {examples}",
    ),
    "not_probabilities": (
        "{column} 各类概率之和为 {value}，应为 1（误差不超过 {limit}）",
        "the probabilities {column} add up to {value}, not 1 (within {limit})",
    ),
    "crossed_bounds": (
        "{column} 的下限大于上限",
        "in {column} the lower bound is above the upper one",
    ),
    # cells that hold several things
    "cell_number": (
        "{column} 中的“{value}”不是有限的数字",
        "in {column} “{value}” is not a finite number",
    ),
    "cell_repeated": ("{column} 中“{value}”重复", "{column} names “{value}” twice"),
    "cell_too_many": (
        "{column} 中的条目超过 {limit} 个",
        "{column} holds more than {limit} things",
    ),
    "cell_json": ("{column} 不是合法的 JSON：{reason}", "{column} is not valid JSON: {reason}"),
    "cell_spans": (
        '{column} 应为 [[起, 止, "标签"], …]，起止为整数且 0 ≤ 起 < 止',
        '{column} must be [[start, end, "label"], …] with whole numbers and 0 <= start < end',
    ),
    "cell_fields": (
        "{column} 应为 JSON 对象，值为文本、数字、布尔或 null",
        "{column} must be a JSON object whose values are texts, numbers, booleans or null",
    ),
    "cell_runs": (
        "{column} 应为成对的“起点 长度”，从 1 起、递增、互不重叠",
        "{column} must be pairs “start length”, counted from 1, ascending, without overlap",
    ),
    "cell_runs_beyond": (
        "{column} 的像素超出图像（共 {limit} 个像素）",
        "{column} goes beyond the picture's {limit} pixels",
    ),
    "cell_side": (
        "{column} 中的“{value}”不是图像的边长（正整数像素）",
        "in {column} “{value}” is not a whole number of pixels above 0",
    ),
    "cell_boxes": (
        "{column} 的每个框应为“标签 置信度 x y 宽 高”，框间用分号分隔，宽高大于 0",
        "boxes in {column} are “label score x y width height” with sizes above 0, apart by “;”",
    ),
    "cell_too_many_in_all": (
        "{column} 中的条目总数超过 {limit} 个",
        "{column} holds more than {limit} things in all",
    ),
    "cell_plan": (
        "{column} 应为 JSON 列表的列表，元素为整数，如 [[1, 2], [3]]",
        "{column} must be a JSON list of lists of whole numbers, such as [[1, 2], [3]]",
    ),
    "cell_schema": ("JSON Schema 不可用：{reason}", "the JSON Schema is unusable: {reason}"),
    "cell_instance": ("算例不合要求：{reason}", "the instance is unusable: {reason}"),
    # plans: schedules, routes, packings
    "plan_job_count": (
        "应有 {expected} 个工件，实际 {found} 个",
        "{expected} jobs expected, {found} found",
    ),
    "plan_operation_count": (
        "工件 {job} 应有 {expected} 道工序，实际 {found} 道",
        "job {job} has {expected} operations, {found} are scheduled",
    ),
    "plan_negative_start": (
        "工件 {job} 第 {operation} 道工序的开工时刻 {start} 早于 0",
        "job {job} operation {operation} starts at {start}, before time 0",
    ),
    "plan_precedence": (
        (
            "工件 {job} 第 {operation} 道工序于 {start} 开工，"
            "早于第 {previous} 道工序完工时刻 {previous_end}"
        ),
        (
            "job {job} operation {operation} starts at {start}, "
            "before operation {previous} ends at {previous_end}"
        ),
    ),
    "plan_overlap": (
        "机器 {machine}：工件 {first} 与工件 {second} 在 t={from} 至 t={to} 重叠",
        "machine {machine}: jobs {first} and {second} overlap from t={from} to t={to}",
    ),
    "plan_vehicles": (
        "用了 {found} 辆车，最多 {limit} 辆",
        "{found} vehicles are used, there are {limit}",
    ),
    "plan_unknown_customer": (
        "车辆 {vehicle} 第 {stop} 站：没有客户 {customer}（编号为 1 至 {limit}）",
        "vehicle {vehicle} stop {stop}: there is no customer {customer} (they are 1 to {limit})",
    ),
    "plan_served_twice": (
        "车辆 {vehicle} 第 {stop} 站：客户 {customer} 已由车辆 {other} 服务",
        "vehicle {vehicle} stop {stop}: customer {customer} is already served by vehicle {other}",
    ),
    "plan_not_served": (
        "客户 {customer} 没有车辆服务",
        "customer {customer} is not served by any vehicle",
    ),
    "plan_overload": (
        "车辆 {vehicle} 第 {stop} 站（客户 {customer}）：装载 {load:g}，超过容量 {limit:g}",
        (
            "vehicle {vehicle} stop {stop} (customer {customer}): {load:g} on board, "
            "the capacity is {limit:g}"
        ),
    ),
    "plan_late": (
        "车辆 {vehicle} 第 {stop} 站（客户 {customer}）：到达时刻 {arrival:g} 晚于时间窗 {due:g}",
        (
            "vehicle {vehicle} stop {stop} (customer {customer}): arrives at {arrival:g}, "
            "after the window closes at {due:g}"
        ),
    ),
    "plan_late_return": (
        "车辆 {vehicle}：{arrival:g} 回到车场，晚于关门时刻 {due:g}",
        "vehicle {vehicle}: back at the depot at {arrival:g}, which closes at {due:g}",
    ),
    "plan_unknown_item": (
        "箱 {bin}：没有物品 {item}（编号为 1 至 {limit}）",
        "bin {bin}: there is no item {item} (they are 1 to {limit})",
    ),
    "plan_packed_twice": (
        "箱 {bin}：物品 {item} 已装入箱 {other}",
        "bin {bin}: item {item} is already in bin {other}",
    ),
    "plan_overfull": (
        "箱 {bin}：装载 {load:g}，超过容量 {limit:g}",
        "bin {bin}: {load:g} is packed, the capacity is {limit:g}",
    ),
    "plan_not_packed": ("物品 {item} 没有装箱", "item {item} is in no bin"),
    # scores
    "not_finite_score": (
        "列 {name} 的得分不是有限的数字",
        "the score of column {name} is not a finite number",
    ),
    "usage_file": (
        '{name} 应为 {{"tokens": {{"prompt": 整数, "completion": 整数}}}}，取值 0 至 {limit}',
        (
            '{name} must be {{"tokens": {{"prompt": n, "completion": n}}}} '
            "with whole numbers from 0 to {limit}"
        ),
    ),
    "run_over_limit": (
        "{name} 为 {value}，超过本题允许的 {limit}",
        "{name} is {value}, the problem allows {limit}",
    ),
    "missing_score": ("缺少列 {name} 的得分", "the score of column {name} is missing"),
    "unknown_score": (
        "得分中有未定义的列 {name}",
        "there is a score for the unknown column {name}",
    ),
    "undefined_no_positive": (
        "列 {name} 无法计算：真值中没有正类",
        "column {name} is undefined: the truth has no positive rows",
    ),
    "undefined_no_negative": (
        "列 {name} 无法计算：真值中没有负类",
        "column {name} is undefined: the truth has no negative rows",
    ),
    "undefined_negative": (
        "列 {name} 无法计算：真值有负数",
        "column {name} is undefined: there are negative true values",
    ),
    "undefined_constant": (
        "列 {name} 无法计算：真值全部相同",
        "column {name} is undefined: every true value is the same",
    ),
    "undefined_zero": (
        "列 {name} 无法计算：真值为零，不能作除数",
        "column {name} is undefined: it would divide by a true value of zero",
    ),
    "undefined_best": (
        "列 {name} 无法计算：算例没有给出大于零的 best",
        "column {name} is undefined: an instance has no `best` above zero",
    ),
    "undefined_agreement": (
        "列 {name} 无法计算：真值与预测都只有同一个类别",
        "column {name} is undefined: truth and prediction hold one and the same class",
    ),
    # the pack's truth and scorer: for organisers
    "truth_missing": ("真值文件 {name} 不存在", "the truth {name} does not exist"),
    "truth_unreadable": (
        "真值文件 {name} 无法读取：{reason}",
        "the truth {name} is unreadable: {reason}",
    ),
    "truth_class": (
        "真值列 {column} 中的类别“{value}”不在 {{{allowed}}} 中",
        "the truth's {column} holds the class “{value}”, which is not one of {{{allowed}}}",
    ),
    "truth_positive": (
        "真值列 {column} 的类别为 {{{allowed}}}，请用 params.positive 指明正类",
        "the truth's {column} holds {{{allowed}}}: say which are positive in params.positive",
    ),
    "truth_strata": (
        "真值列 {column} 有 {count} 个不同取值，分层最多 {limit} 层",
        "the truth's {column} has {count} different values; there may be {limit} strata",
    ),
    "truth_stratum": (
        "真值列 {column} 中“{value}”只有一行，每层至少两行",
        "the truth's {column} has one row of “{value}”; a stratum needs two",
    ),
    "scorer_failed": ("评分程序出错：{reason}", "the scorer failed: {reason}"),
    "scorer_result": (
        "评分结果文件不合要求：{reason}",
        "the scorer's result is unusable: {reason}",
    ),
}
