"""Which of a problem's public files a try is made of: its input, its truth, the way it is scored.

By name: `debug_input/…` is the input, `debug_truth/…` the truth of that input, `scorer.py` the
pack's own scorer, where its author lets teams have it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

INPUT: Final = "debug_input/"
TRUTH: Final = "debug_truth/"
SCORER: Final = "scorer.py"


def below(folder: str, paths: Iterable[str]) -> Mapping[str, str]:
    """Return the paths below a folder, by what they are called inside it."""
    return {path.removeprefix(folder): path for path in paths if path.startswith(folder)}


def sample_of(file: str) -> str:
    """Return the path of the sample answer, which holds the keys of a real one."""
    return f"sample_{file}"
