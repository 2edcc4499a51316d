"""`python -m scoring score PACK_DIR SUBMISSION --board A|B [--json]`: score without a platform.

The only module of this package that may import `problems` and `sandbox`.
"""

import argparse
import json
import locale
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, Literal

from problems.evaluation import board_keys, check_answer, score_output
from problems.materialise import MaterialiseError, materialise
from problems.pack import Pack, PackError, find_boards, load_pack
from problems.tools import ScriptOutcome, ScriptRun, UnpackError
from sandbox import ArchiveError, Limits, Run, SandboxError, choose_sandbox, unpack_zip
from scoring.errors import InvalidScores, InvalidSubmission, ScorerError, TruthError
from scoring.messages import Message
from scoring.types import ScoreResult

if TYPE_CHECKING:
    from sandbox import Sandbox

__all__ = ["SandboxRunner", "main"]

REFUSED: Final = 1
UNUSABLE: Final = 2
STATE: Final = Path.home() / ".cache" / "baijing" / "sandbox"


class SandboxRunner:
    """Runs a pack's code in the machine's sandbox, which is looked for when first needed."""

    def __init__(self, backend: Literal["auto", "docker", "bubblewrap"], state: Path) -> None:
        self._backend = backend
        self._state = state
        self._sandbox: Sandbox | None = None

    def __call__(self, run: ScriptRun) -> ScriptOutcome:
        """Run to the end; raise `SandboxError` where there is no sandbox."""
        if self._sandbox is None:
            self._sandbox, reason = choose_sandbox(
                self._backend,
                runtime=None,
                state_dir=self._state,
                installation="command-line",
                progress=_say,
            )
            _say(f"{self._sandbox.name}: {reason}")
        result = self._sandbox.execute(_as_run(run))
        verdict = "" if result.verdict is None else result.verdict.value
        return ScriptOutcome(verdict, result.message, result.log, result.wall_s)


def _as_run(run: ScriptRun) -> Run:
    grant = run.resources
    limits = Limits(
        wall_s=grant.wall_s,
        memory_bytes=grant.memory_bytes,
        cpus=grant.cpus,
        gpus=grant.gpus,
        output_bytes=grant.output_bytes,
        output_files=grant.output_files,
    )
    return Run(
        image=grant.image,
        command=run.command,
        code=run.code,
        output=run.output,
        limits=limits,
        input=run.input,
        collect=run.collect,
        mounts=run.mounts,
        output_at=run.output_at,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Score and print; return 0, 1 where the answer is refused, 2 where nothing can be scored."""
    arguments = _parser().parse_args(argv)
    with TemporaryDirectory(prefix="scoring-") as scratch:
        try:
            result = _score(arguments, Path(scratch))
        except (InvalidSubmission, InvalidScores) as error:
            _print_messages(error.messages, arguments)
            return REFUSED
        except (ScorerError, TruthError) as error:
            _print_messages(error.messages, arguments)
            return UNUSABLE
        except PackError as error:
            print(
                "\n".join(issue.render(arguments.locale) for issue in error.issues), file=sys.stderr
            )
            return UNUSABLE
        except (MaterialiseError, SandboxError, _UsageError) as error:
            print(error, file=sys.stderr)
            return UNUSABLE
    _print_result(result, arguments)
    return 0


class _UsageError(Exception):
    """The command line asks for something that is not there."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scoring", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    score = commands.add_parser("score", help="score one answer on one board of a pack")
    score.add_argument("pack", type=Path, metavar="PACK_DIR")
    score.add_argument("submission", type=Path, help="an answer file, or an output folder")
    score.add_argument("--board", choices=("A", "B"), required=True)
    score.add_argument("--json", action="store_true", help="print one JSON object")
    score.add_argument("--backend", choices=("auto", "docker", "bubblewrap"), default="auto")
    score.add_argument("--state-dir", type=Path, default=STATE, help="what sandboxes keep")
    language = "zh-Hans" if (locale.getlocale()[0] or "").startswith("zh") else "en"
    score.add_argument("--locale", choices=("zh-Hans", "en"), default=language)
    return parser


def _score(arguments: argparse.Namespace, scratch: Path) -> ScoreResult:
    pack = load_pack(arguments.pack)
    output = _collect(arguments.submission, pack.spec.submission.file, scratch)
    runner = SandboxRunner(arguments.backend, arguments.state_dir)
    data = _find_data(pack, scratch, runner)
    if arguments.board not in find_boards(data):
        message = f"{pack.spec.slug} has no board {arguments.board}"
        raise _UsageError(message)
    keys = board_keys(pack, data, arguments.board)
    check_answer(pack, output / pack.spec.submission.file, keys)
    return score_output(pack, output, data / arguments.board / "truth", runner, _unpack)


def _unpack(archive: Path, destination: Path, /) -> None:
    """Unpack an answer that is an archive; what is wrong with it is said as the sandbox says it."""
    try:
        unpack_zip(archive, destination, strip_top=False)
    except ArchiveError as error:
        raise UnpackError(str(error), str(error)) from error


def _collect(submission: Path, name: str, scratch: Path) -> Path:
    """Return a folder that holds the answer under its name."""
    if submission.is_dir():
        if not (submission / name).exists():
            raise InvalidSubmission(Message("missing_answer", {"name": name}))
        return submission
    if not submission.exists():
        message = f"{submission} does not exist"
        raise _UsageError(message)
    folder = scratch / "answer"
    folder.mkdir()
    shutil.copyfile(submission, folder / name)
    return folder


def _find_data(pack: Pack, scratch: Path, runner: SandboxRunner) -> Path:
    shipped = pack.directory / "data"
    if find_boards(shipped):
        return shipped
    seed = pack.spec.baseline.seed if pack.spec.baseline else 0
    return materialise(pack, seed, scratch / "data", runner)


def _print_result(result: ScoreResult, arguments: argparse.Namespace) -> None:
    if arguments.json:
        cases = {"cases": list(result.cases)} if result.cases else {}
        print(json.dumps({"scores": dict(result.scores), **cases}, ensure_ascii=False))
        return
    for name, score in result.scores.items():
        print(f"{name}\t{score!r}")
    for case in result.cases:
        print(json.dumps(case, ensure_ascii=False))


def _print_messages(messages: Sequence[Message], arguments: argparse.Namespace) -> None:
    if arguments.json:
        errors = [
            {**message.as_dict(), "text": message.render(arguments.locale)} for message in messages
        ]
        print(json.dumps({"errors": errors}, ensure_ascii=False))
    for message in messages:
        print(message.render(arguments.locale), file=sys.stderr)


def _say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
