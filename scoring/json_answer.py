"""Answers in JSON, for the scorers of packs: read strictly, within bounds, in both languages.

Needs nothing but the standard library.
"""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Final, NoReturn

from scoring.errors import InvalidSubmission

__all__ = ["brief", "read_instances", "read_json_answer", "show"]

MAX_DIGITS: Final = 9
_SHOWN: Final = 40
_LISTED: Final = 5


def read_json_answer(path: Path, max_bytes: int) -> object:
    """Read a small UTF-8 file as JSON without repeated keys, NaN, long numbers or deep nesting.

    Raises `InvalidSubmission`.
    """
    if path.is_symlink() or not path.is_file():
        raise InvalidSubmission(zh=f"没有找到 {path.name}", en=f"{path.name} was not found")
    if path.stat().st_size > max_bytes:
        raise InvalidSubmission(
            zh=f"文件超过 {max_bytes} 字节", en=f"the file is larger than {max_bytes} bytes"
        )
    try:
        return json.loads(
            path.read_bytes().decode("utf-8-sig"),
            object_pairs_hook=_unique,
            parse_int=_whole,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as error:
        raise InvalidSubmission(
            zh=f"文件不是 UTF-8 编码（字节 {error.start}）",
            en=f"the file is not UTF-8 (byte {error.start})",
        ) from None
    except json.JSONDecodeError as error:
        raise InvalidSubmission(
            zh=f"第 {error.lineno} 行第 {error.colno} 列：不是合法的 JSON（{error.msg}）",
            en=f"line {error.lineno}, column {error.colno}: not valid JSON ({error.msg})",
        ) from None
    except RecursionError:
        raise InvalidSubmission(zh="JSON 嵌套过深", en="the JSON is nested too deeply") from None


def read_instances(
    answer: object, expected: Collection[str], *, zh: str, en: str
) -> dict[str, object]:
    """Return an answer that is one object with exactly the expected instances as its keys.

    `zh` and `en` say what stands at a key. Raises `InvalidSubmission`.
    """
    if not isinstance(answer, dict):
        raise InvalidSubmission(
            zh=f"文件最外层应为对象：{{算例: {zh}}}",
            en=f"the file must hold one object: {{instance: {en}}}",
        )
    missing, unknown = sorted(set(expected) - set(answer)), sorted(set(answer) - set(expected))
    if missing:
        raise InvalidSubmission(
            zh=f"缺少 {len(missing)} 个算例：{brief(missing)}",
            en=f"{len(missing)} instances are missing: {brief(missing)}",
        )
    if unknown:
        raise InvalidSubmission(
            zh=f"有 {len(unknown)} 个未知算例：{brief(unknown)}",
            en=f"{len(unknown)} instances are unknown: {brief(unknown)}",
        )
    return answer


def show(value: object) -> str:
    """Quote a value of the answer, shortened."""
    if isinstance(value, list | dict):
        return "[…]" if isinstance(value, list) else "{…}"
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def brief(names: list[str]) -> str:
    """List a few names of many."""
    return ", ".join(map(show, names[:_LISTED])) + (" …" if names[_LISTED:] else "")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise InvalidSubmission(
                zh=f"重复的键 {show(key)}", en=f"the key {show(key)} is repeated"
            )
        found[key] = value
    return found


def _whole(text: str) -> int:
    if len(text.lstrip("-")) > MAX_DIGITS:
        raise InvalidSubmission(
            zh=f"整数 {text[:MAX_DIGITS]}… 超过 {MAX_DIGITS} 位",
            en=f"the integer {text[:MAX_DIGITS]}… has more than {MAX_DIGITS} digits",
        )
    return int(text)


def _constant(text: str) -> NoReturn:
    raise InvalidSubmission(zh=f"不允许 {text}", en=f"{text} is not allowed")
