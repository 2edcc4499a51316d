"""Every sentence in English and Simplified Chinese."""

import re
from collections.abc import Mapping
from typing import Final

CHINESE: Final[Mapping[str, str]] = {
    "%(detail)s": "%(detail)s",
    "%(path)s: cannot be read or written (%(reason)s).": "%(path)s：无法读写（%(reason)s）。",
    "%(path)s is complete.": "%(path)s 已完整。",
    "%(path)s: the checksum is wrong, the part was removed; download it again.": (
        "%(path)s：校验和不符，已删除；请重新下载。"
    ),
    "%(path)s: downloaded, checksum right.": "%(path)s：已下载，校验和正确。",
    "A token is needed: make one at %(address)s/account/tokens, then `baijing login`.": (
        "需要令牌：在 %(address)s/account/tokens 创建，然后运行 `baijing login`。"
    ),
    "Address and token of the site are not known yet: run `baijing login ADDRESS`.": (
        "尚不知道网站地址与令牌：请运行 `baijing login 地址`。"
    ),
    "Logged in at %(address)s.": "已登录 %(address)s。",
    "Only https addresses are used, except on this machine: %(address)s": (
        "除本机外只使用 https 地址：%(address)s"
    ),
    "Token (not shown): ": "令牌（不显示）：",
    "That is no token.": "这不是令牌。",
    "The answer of the site makes no sense (status %(status)s).": (
        "网站的应答无法理解（状态码 %(status)s）。"
    ),
    "The site names a file that cannot be trusted: %(path)s": "网站给出的文件名不可信：%(path)s",
    "The site sends the request elsewhere; give the address it names: %(address)s": (
        "网站要求转到别处；请使用它给出的地址：%(address)s"
    ),
    "There is no file %(path)s in this problem.": "该赛题没有文件 %(path)s。",
    "%(address)s does not answer (%(reason)s).": "%(address)s 没有应答（%(reason)s）。",
    "Interrupted; `baijing submissions` shows what was handed in.": (
        "已中断；已提交的内容见 `baijing submissions`。"
    ),
    "Submission %(id)s: %(state)s": "提交 %(id)s：%(state)s",
    "Say whether this is code or predictions: --kind.": "请用 --kind 说明是代码还是预测结果。",
    "line %(line)s": "第 %(line)s 行",
    "The answer of the site makes no sense: %(place)s is missing or of another kind.": (
        "网站的应答无法理解：%(place)s 缺失或类型不符。"
    ),
    "`baijing run` needs the site's engine: pip install baijing[run], see docs/client.md.": (
        "`baijing run` 需要网站的评测引擎：pip install baijing[run]，见 docs/client.md。"
    ),
    "The engine does not work: %(reason)s": "评测引擎无法工作：%(reason)s",
    "The site would refuse this upload.": "网站会拒收这次上传。",
    "Nothing can be run here: %(reason)s": "本机无法运行：%(reason)s",
    "Python %(python)s, baijing %(version)s": "Python %(python)s，baijing %(version)s",
    "Install Python 3.11 or later.": "请安装 Python 3.11 或更高版本。",
    "Run `baijing login ADDRESS`.": "请运行 `baijing login 地址`。",
    "%(address)s answers.": "%(address)s 可以访问。",
    "Make a token at %(address)s/account/tokens, then `baijing login`.": (
        "请在 %(address)s/account/tokens 创建令牌，然后运行 `baijing login`。"
    ),
    "Check the network, the proxy (HTTPS_PROXY) and the address.": (
        "请检查网络、代理（HTTPS_PROXY）和地址。"
    ),
    "The token is accepted.": "令牌有效。",
    "The site does not say what time it is.": "网站没有给出时间。",
    "This machine's clock is %(seconds)s s from the site's.": "本机时钟与网站相差 %(seconds)s 秒。",
    "Set the clock (NTP): deadlines count by the site's.": (
        "请校准时钟（NTP）：截止时间以网站时钟为准。"
    ),
    "Free %(need)s GiB for images and data, or set XDG_CACHE_HOME.": (
        "请为镜像和数据腾出 %(need)s GiB，或设置 XDG_CACHE_HOME。"
    ),
    "%(free)s GiB free in %(path)s": "%(path)s 剩余 %(free)s GiB",
    "pip install './client[run]' ./client/engine, see docs/client.md.": (
        "pip install './client[run]' ./client/engine，见 docs/client.md。"
    ),
    "`baijing run` is not installed.": "未安装 `baijing run`。",
    "Install it again.": "请重新安装。",
    "The engine is installed.": "评测引擎已安装。",
    "Install Docker and let your account use it.": "请安装 Docker，并允许您的账户使用。",
    "Install bubblewrap and util-linux (Linux alone).": (
        "请安装 bubblewrap 和 util-linux（仅限 Linux）。"
    ),
    "Image %(image)s is here.": "镜像 %(image)s 已就绪。",
    "The first `baijing run` builds it; that takes minutes.": (
        "首次 `baijing run` 会构建镜像，需要几分钟。"
    ),
    "Image %(image)s is not here yet.": "尚无镜像 %(image)s。",
    "It is made as on the site: %(recipe)s": "与网站的镜像一致：%(recipe)s",
    "Install the engine of the site's version.": "请安装与网站版本一致的评测引擎。",
    "The site makes image %(image)s otherwise.": "网站的镜像 %(image)s 与本机不同。",
    "The upload goes on where it broke off.": "从中断处继续上传。",
    "time": "用时",
    "peak memory": "内存峰值",
    "used": "实际",
    "allowed": "上限",
    "Scores on the public sample:": "公开样例上的得分：",
}
"""By the English sentence, which is what the code says."""

_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")
# C0 but line feed and tab, DEL, C1, and what turns the direction of text around
_CONTROLS: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)


def choose_language(asked: str | None, environment: Mapping[str, str]) -> str:
    """Return `zh` or `en`: what was asked for, else what the machine's locale begins with."""
    if asked:
        return asked
    names = ("BAIJING_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environment[name] for name in names if environment.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def say(text: str, language: str, params: Mapping[str, object] | None = None) -> str:
    """Fill a sentence in a language; values are cleaned."""
    template = CHINESE[text] if language == "zh" else text
    return template % {key: clean(str(value)) for key, value in (params or {}).items()}


def clean(text: str) -> str:
    """Return text without control characters, escape sequences and marks of direction."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text))
