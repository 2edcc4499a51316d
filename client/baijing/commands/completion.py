"""`baijing completion SHELL`: what a shell needs to complete commands, options and problems.

Slugs come from a file that `baijing problems` refreshes: completing asks no site.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from baijing.console import Console
from baijing.errors import Exit
from baijing.kept import cache_folder

SHELLS: Final = ("bash", "zsh", "fish")
SLUGS: Final = "slugs.json"
WORDS: Final = "__complete"
"""The command that the scripts call with the words so far."""

_SCRIPTS: Final[Mapping[str, str]] = {
    "bash": """\
_baijing() {
  local IFS=$'\\n'
  COMPREPLY=($(baijing __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [[ ${COMPREPLY[0]} == // ]] && COMPREPLY=() && compopt -o default
}
complete -F _baijing baijing
""",
    "zsh": """\
#compdef baijing
_baijing() {
  local -a found
  found=("${(@f)$(baijing __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ ${found[1]} == // ]]; then _files; else compadd -- $found; fi
}
compdef _baijing baijing
""",
    "fish": """\
function __baijing_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (baijing __complete -- $words[2..-1] 2>/dev/null)
    if test "$found[1]" = //
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $found
    end
end
complete -c baijing -f -a '(__baijing_complete)'
""",
}
OF_A_PROBLEM: Final = frozenset(
    {"doctor", "download", "leaderboard", "run", "submissions", "submit"}
)
OF_A_FILE: Final = frozenset({"run", "submit"})
FILES: Final = "//"
"""What the scripts take for: a path of this machine."""


def script(console: Console, shell: str) -> Exit:
    """Print the script of a shell."""
    console.answer({"shell": shell, "script": _SCRIPTS[shell]}, _SCRIPTS[shell].rstrip("\n"))
    return Exit.OK


def keep_slugs(slugs: Iterable[str], environment: Mapping[str, str]) -> None:
    """Keep the problems' names for completing; that they cannot be kept is nobody's concern."""
    folder = cache_folder(environment)
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SLUGS).write_text(json.dumps(sorted(slugs)), encoding="utf-8")


def read_slugs(environment: Mapping[str, str]) -> list[str]:
    """Return the problems' names as they were last seen."""
    try:
        kept = json.loads((cache_folder(environment) / SLUGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [slug for slug in kept if isinstance(slug, str)] if isinstance(kept, list) else []


def complete(
    words: Sequence[str],
    commands: Mapping[str, Mapping[str, Sequence[str] | None]],
    environment: Mapping[str, str],
) -> list[str]:
    """Return what the last of the words may become; `FILES` alone for a path.

    `commands` names the options of each, with what they may be given: None is anything.
    """
    *before, last = words or [""]
    if not before:
        return _starting(last, commands)
    options = commands.get(before[0], {})
    if last.startswith("-"):
        return _starting(last, options)
    allowed = options.get(before[-1], ())
    if allowed is None:
        return [FILES]
    return _starting(last, allowed) if allowed else _operand(before, last, environment)


def _operand(before: Sequence[str], last: str, environment: Mapping[str, str]) -> list[str]:
    """Return what may stand where no option asks for a value."""
    command, *given = before
    if command == "completion":
        return _starting(last, SHELLS)
    if command in OF_A_PROBLEM and not [word for word in given if not word.startswith("-")]:
        return _starting(last, read_slugs(environment))
    return [FILES] if command in OF_A_FILE else []


def _starting(text: str, names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(text))
