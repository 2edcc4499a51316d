"""What is wrong with an uploaded archive, a pack or a code submission, in both languages."""

from collections.abc import Mapping
from typing import Final

from sandbox.archive import ArchiveError
from sandbox.sizes import format_bytes

_ARCHIVE_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "archive_too_large": (
        "压缩包大小为 {bytes}，超过上限 {limit}。",
        "The archive is {bytes}; at most {limit} is allowed.",
    ),
    "not_a_zip": ("文件不是有效的 zip 压缩包。", "The file is not a zip archive."),
    "empty": ("压缩包内没有文件。", "The archive holds no files."),
    "too_many_entries": (
        "压缩包内有 {count} 个条目，最多允许 {limit} 个。",
        "The archive holds {count} entries; at most {limit} are allowed.",
    ),
    "encrypted": (
        "“{name}”已加密，请上传未加密的压缩包。",
        "“{name}” is encrypted; send it in the clear.",
    ),
    "unsupported_compression": (
        "“{name}”的压缩方法（{method}）不受支持，请使用普通压缩（deflate）。",
        "“{name}” uses compression method {method}; use deflate or none.",
    ),
    "backslash": (
        "“{name}”的路径含有反斜杠，请使用“/”。",
        "The path “{name}” holds a backslash; use “/”.",
    ),
    "absolute_path": ("“{name}”是绝对路径，不允许。", "“{name}” is an absolute path."),
    "parent_path": ("“{name}”的路径含有“..”，不允许。", "The path “{name}” leads out with “..”."),
    "hostile_name": (
        "文件名“{name}”含有不允许的字符。",
        "The name “{name}” holds characters that are not allowed.",
    ),
    "name_too_long": (
        "“{name}”的某一级名称超过 {limit} 字节。",
        "A part of the path “{name}” is longer than {limit} bytes.",
    ),
    "too_deep": (
        "“{name}”的目录超过 {limit} 层。",
        "“{name}” lies more than {limit} folders deep.",
    ),
    "not_plain_file": (
        "“{name}”不是普通文件（链接和设备不允许）。",
        "“{name}” is not a plain file; links and devices are not allowed.",
    ),
    "duplicate_entry": (
        "“{name}”在压缩包中出现多次（不区分大小写）。",
        "“{name}” is in the archive more than once, case aside.",
    ),
    "file_and_folder": (
        "“{name}”的上级路径同时是文件和目录。",
        "A parent of “{name}” is both a file and a folder.",
    ),
    "overlapping_entries": ("压缩包内的条目相互重叠。", "Entries of the archive overlap."),
    "too_large": (
        "解压后超过上限 {limit}。",
        "Unpacked, the archive is larger than the {limit} allowed.",
    ),
    "ratio": (
        "压缩比过高（超过 {limit} 倍），疑似压缩炸弹。",
        "The archive inflates more than {limit} times: it looks like a zip bomb.",
    ),
    "corrupt": ("压缩包已损坏：{name}", "The archive is damaged. {name}"),
    "no_entrypoint": (
        "压缩包根目录（或唯一的顶层目录）中没有 main.py 或 run.sh。",
        "The archive has no main.py or run.sh at its root or in its single top folder.",
    ),
}
_IN_BYTES: Final = frozenset({"archive_too_large", "too_large"})
KNOWN_CODES: Final = frozenset(_ARCHIVE_TEXTS)


class ArchiveMessage:
    """An archive's fault in the reader's language."""

    def __init__(self, error: ArchiveError) -> None:
        self._error = error

    def render(self, locale: str) -> str:
        """Return the sentence in `zh-Hans` or `en`."""
        chinese, english = _ARCHIVE_TEXTS[self._error.code]
        params: dict[str, object] = dict(self._error.params)
        if self._error.code in _IN_BYTES:
            params = {key: format_bytes(float(str(value))) for key, value in params.items()}
        template = chinese if locale.startswith("zh") else english
        return template.format(name=self._error.name, **params)
