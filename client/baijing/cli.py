"""`baijing`: what can be asked for, and how it ends."""

import argparse
import getpass
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from baijing import VERSION
from baijing.account import read_account
from baijing.commands import completion, doctor, download, lists, login, run, submit
from baijing.console import Console
from baijing.errors import ClientError, Exit
from baijing.schemas import ANSWERS, schema_of
from baijing.site import Site
from baijing.texts import choose_language


def main(
    arguments: Sequence[str] | None = None,
    environment: Mapping[str, str] | None = None,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Do what the command line asks for and return the exit status."""
    given = os.environ if environment is None else environment
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == [completion.WORDS]:
        found = completion.complete(words[2:], describe_options(build_parser()), given)
        print("\n".join(found), file=out or sys.stdout)
        return int(Exit.OK)
    asked = build_parser().parse_args(words)
    console = Console(
        out or sys.stdout, err or sys.stderr, choose_language(asked.lang, given), asked.json
    )
    try:
        return int(_run(asked, console, given))
    except ClientError as error:
        console.fail(error)
        return int(error.exit)
    except KeyboardInterrupt:
        console.tell("Interrupted; `baijing submissions` shows what was handed in.")
        return int(Exit.INTERRUPTED)


def _run(asked: argparse.Namespace, console: Console, environment: Mapping[str, str]) -> Exit:
    if asked.command in ALONE:
        return ALONE[asked.command](console, asked, environment)
    site = Site(read_account(environment), console.language)
    if asked.command == "submit":
        return _submit(site, console, asked, environment)
    if asked.command == "run":
        data = None if asked.data is None else Path(asked.data)
        path = Path(asked.path)
        kind = submit.guess_kind(path, asked.kind)
        trial = run.Trial(asked.problem, path, kind, asked.backend, data)
        return run.run(site, console, trial, environment)
    if asked.command == "problems":
        found = lists.problems(site, console, asked.area, asked.words)
        completion.keep_slugs(found, environment)
        return Exit.OK
    return COMMANDS[asked.command](site, console, asked)


def _login(console: Console, asked: argparse.Namespace, environment: Mapping[str, str]) -> Exit:
    ask = _from_stdin if asked.token_stdin else getpass.getpass
    return login.run(console, asked.address, ask, environment)


ALONE: Mapping[str, Callable[[Console, argparse.Namespace, Mapping[str, str]], Exit]] = {
    "login": _login,
    "doctor": lambda console, asked, given: doctor.run(console, given, asked.problem),
    "completion": lambda console, asked, _given: completion.script(console, asked.shell),
    "schema": lambda console, asked, _given: _schema(console, asked.name),
}
"""What needs no account, or makes one."""


def _schema(console: Console, name: str) -> Exit:
    found = schema_of(name)
    console.answer(found, json.dumps(found, indent=2))
    return Exit.OK


def _from_stdin(_prompt: str) -> str:
    return sys.stdin.readline()


def _download(site: Site, console: Console, asked: argparse.Namespace) -> Exit:
    folder = Path(asked.to or asked.problem)
    return download.run(site, console, asked.problem, folder, asked.files)


def _submit(
    site: Site, console: Console, asked: argparse.Namespace, environment: Mapping[str, str]
) -> Exit:
    path = Path(asked.path)
    kind = submit.guess_kind(path, asked.kind)
    delivery = submit.Delivery(asked.problem, path, kind, asked.note, asked.board)
    return submit.run(site, console, delivery, environment, wait=asked.wait)


COMMANDS: Mapping[str, Callable[[Site, Console, argparse.Namespace], Exit]] = {
    "submissions": lambda site, console, asked: lists.submissions(
        site, console, asked.problem, asked.page
    ),
    "leaderboard": lambda site, console, asked: lists.leaderboard(
        site, console, asked.problem, asked.board, asked.page
    ),
    "download": _download,
}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="answer with one JSON object")
    common.add_argument("--lang", choices=("zh", "en"), help="language; else the machine's")
    parser = argparse.ArgumentParser("baijing", description="Baijing for teams. 百景参赛命令行。")
    parser.add_argument("--version", action="version", version=f"baijing {VERSION}")
    made = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return made.add_parser(name, parents=[common], help=text, description=text)

    one = add("login", "keep the site's address and your token 登录")
    one.add_argument("address", help="https://…")
    one.add_argument("--token-stdin", action="store_true", help="read the token from stdin")
    one = add("problems", "list the problems 赛题")
    one.add_argument("words", nargs="?", default="", help="words to search for")
    one.add_argument("--area", default="")
    one = add("download", "bring the public data of a problem, or go on 下载数据")
    one.add_argument("problem")
    one.add_argument("files", nargs="*", help="these alone; else all")
    one.add_argument("--to", metavar="DIR", help="folder; else the problem's name")
    one = add("doctor", "see whether this machine and your account are ready 自检")
    one.add_argument("problem", nargs="?", default="", help="look at its image too")
    one = add("completion", "print what completes commands in a shell 命令补全")
    one.add_argument("shell", choices=completion.SHELLS)
    one = add("schema", "print the JSON Schema of what a command prints with --json")
    one.add_argument("name", choices=tuple(ANSWERS))
    _add_run(add)
    _add_hand_in(add)
    return parser


def _add_run(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    one = add("run", "try it here as the site would, on the public data 本机试运行")
    one.add_argument("problem")
    one.add_argument("path", help="a folder or zip of code, a .py, or an answer file")
    one.add_argument("--kind", choices=("code", "predictions"))
    one.add_argument("--backend", choices=("auto", "docker", "bubblewrap"), default="auto")
    one.add_argument("--data", metavar="DIR", help="folder of the public data; else a cache")


def _add_hand_in(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    one = add("submit", "hand in an answer file, a zip or a folder of code 提交")
    one.add_argument("problem")
    one.add_argument("path")
    one.add_argument("--kind", choices=("code", "predictions"))
    one.add_argument("--note", default="", help="for the team itself")
    one.add_argument("--board", choices=("A", "B"), default="A")
    one.add_argument("--wait", action="store_true", help="follow log and score to the end")
    one = add("submissions", "list your submissions 我的提交")
    one.add_argument("problem", nargs="?", default="")
    one.add_argument("--page", type=int, default=1)
    one = add("leaderboard", "show a board 排行榜")
    one.add_argument("problem")
    one.add_argument("--board", choices=("A", "B"), default="A")
    one.add_argument("--page", type=int, default=1)


def describe_options(
    parser: argparse.ArgumentParser,
) -> dict[str, dict[str, Sequence[str] | None]]:
    """Return the options of each command with what may follow them; None is anything."""
    # argparse tells what it holds nowhere else
    kinds = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]  # noqa: SLF001
    return {
        name: {
            option: () if action.nargs == 0 else tuple(action.choices or ()) or None
            for action in command._actions  # noqa: SLF001
            for option in action.option_strings
        }
        for name, command in kinds[0].choices.items()
    }
