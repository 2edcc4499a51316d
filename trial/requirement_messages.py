"""What a team's requirements.txt asks for and does not get, in both languages."""

from collections.abc import Mapping
from typing import Final

from sandbox.requirements import LONGEST_BYTES, Finding, FindingCode

_TEXTS: Final[Mapping[FindingCode, tuple[str, str]]] = {
    FindingCode.UNREADABLE: (
        "requirements.txt 第 {line} 行无法解析：“{text}”。请按“包名>=版本”的格式填写。",
        "requirements.txt, line {line}: “{text}” is not a requirement. Write name>=version.",
    ),
    FindingCode.OPTION: (
        "requirements.txt 第 {line} 行是 pip 选项“{text}”，不支持：运行时无网络，不安装任何东西。",
        (
            "requirements.txt, line {line}: the option “{text}” is not possible here: a run has no "
            "network and installs nothing."
        ),
    ),
    FindingCode.LOCATION: (
        (
            "requirements.txt 第 {line} 行指向网址或文件“{text}”，不支持。"
            "纯 Python 包请直接以文件夹形式放入压缩包。"
        ),
        (
            "requirements.txt, line {line}: “{text}” names a place to download from, which is not "
            "possible. Put a pure Python package into the zip as a folder."
        ),
    ),
    FindingCode.UNAVAILABLE: (
        (
            "requirements.txt 第 {line} 行：运行环境 {image} 中没有“{package}”。"
            "请改用已有的包，或将纯 Python 包以文件夹形式放入压缩包。"
        ),
        (
            "requirements.txt, line {line}: the image {image} has no “{package}”. Use what it has, "
            "or put a pure Python package into the zip as a folder."
        ),
    ),
    FindingCode.MISNAMED: (
        "requirements.txt 第 {line} 行：“{text}”不是包名，应写作“{package}”（现有 {version} 版）。",
        (
            "requirements.txt, line {line}: “{text}” is not the package's name; write “{package}” "
            "(the image has {version})."
        ),
    ),
    FindingCode.OTHER_VERSION: (
        "requirements.txt 第 {line} 行要求“{text}”，运行环境 {image} 中是 {package} {version}。",
        (
            "requirements.txt, line {line} asks for “{text}”; the image {image} has {package} "
            "{version}."
        ),
    ),
    FindingCode.LACKS_EXTRA: (
        "requirements.txt 第 {line} 行：运行环境 {image} 没有“{package}”所需的附加依赖。",
        (
            "requirements.txt, line {line}: the image {image} lacks what “{package}” needs beyond "
            "the package itself."
        ),
    ),
    FindingCode.NOT_TEXT: (
        "requirements.txt 第 {line} 行不是 UTF-8 文本。",
        "requirements.txt, line {line} is not UTF-8 text.",
    ),
    FindingCode.TOO_LONG: (
        "requirements.txt 超过 {limit} KiB。",
        "requirements.txt is longer than {limit} KiB.",
    ),
}
KNOWN_CODES: Final = frozenset(_TEXTS)


class RequirementMessage:
    """One line that the image cannot satisfy, in the reader's language."""

    def __init__(self, finding: Finding, image: str) -> None:
        self._finding = finding
        self._image = image

    def render(self, locale: str) -> str:
        """Return the sentence in `zh-Hans` or `en`."""
        chinese, english = _TEXTS[self._finding.code]
        template = chinese if locale.startswith("zh") else english
        return template.format(
            line=self._finding.line,
            text=self._finding.text,
            package=self._finding.package,
            version=self._finding.version,
            image=self._image,
            limit=LONGEST_BYTES >> 10,
        )
