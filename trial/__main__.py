"""Try a submission on public data: `python -m trial run`, or look over this machine: `inspect`.

`run` reads one `TrialRequest` as JSON from standard input. Standard output is JSON lines: any
number of `{"progress": …}` and `{"log": …}`, then one of `{"result": …}`, `{"refused": […]}` (the
site would refuse the upload) and `{"error": …}`. Exit status: 0 nothing was found, 1 it fails,
2 nothing could be tried here.
"""

import argparse
import codecs
import json
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, Final, TextIO

from pydantic import ValidationError

from sandbox import RunResult, Sandbox, SandboxError, choose_sandbox
from scoring import Message
from trial.inspection import inspect
from trial.owners import INSTALLATION, is_alive
from trial.rehearsal import Ending, InterruptedTrialError, Surroundings, rehearse
from trial.request import TrialRequest
from trial.uploads import Fault, UploadError
from trial.verdict_messages import find_origin

FAILED: Final = 1
UNUSABLE: Final = 2
MOST_MESSAGES: Final = 20


class Reporter:
    """Writes events, one a line, from whichever thread has one."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def tell(self, name: str, value: object) -> None:
        """Write one event."""
        with self._lock:
            print(json.dumps({name: value}), file=self._out, flush=True)

    def progress(self, line: str) -> None:
        """Say what the machine does."""
        self.tell("progress", line)

    def log(self, chunk: bytes) -> None:
        """Pass on a piece of what the program prints."""
        if text := self._decoder.decode(chunk):
            self.tell("log", text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m trial", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="try a submission; the request comes on standard input")
    look = commands.add_parser("inspect", help="print what sandboxes this machine has")
    look.add_argument("--image", default="python-cpu")
    look.add_argument("--state", type=Path, required=True)
    options = parser.parse_args(arguments)
    if options.command == "inspect":
        print(json.dumps(asdict(inspect(options.image, options.state))))
        return 0
    return run(sys.stdin.read(), Reporter(sys.stdout))


def run(request: str, reporter: Reporter) -> int:
    """Try what a request asks for."""
    try:
        asked = TrialRequest.model_validate_json(request)
        with tempfile.TemporaryDirectory(prefix="trial-") as folder:
            around = Surroundings(
                folder=Path(folder),
                open_sandbox=_opener(asked, reporter),
                log=reporter.log,
                progress=reporter.progress,
                cancel=_cancelled_by_signals(),
            )
            ending = rehearse(asked, around)
    except UploadError as error:
        reporter.tell("refused", [_fault(fault, asked.locale) for fault in error.faults])
        return FAILED
    except InterruptedTrialError:
        reporter.tell("error", "interrupted")
        return UNUSABLE
    except (ValidationError, SandboxError, OSError) as error:
        reporter.tell("error", str(error))
        return UNUSABLE
    reporter.tell("result", describe(ending, asked.locale))
    return FAILED if ending.verdict else 0


def _cancelled_by_signals() -> threading.Event:
    """Turn Ctrl-C and SIGTERM into a cancel, so that nothing stays behind."""
    cancel = threading.Event()

    def request(_number: int, _frame: FrameType | None) -> None:
        cancel.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, request)
        signal.signal(signal.SIGTERM, request)
    return cancel


def _opener(asked: TrialRequest, reporter: Reporter) -> Callable[[], Sandbox]:
    @cache
    def open_sandbox() -> Sandbox:
        chosen, reason = choose_sandbox(
            asked.backend,
            runtime=None,
            state_dir=asked.state,
            installation=INSTALLATION,
            progress=reporter.progress,
        )
        reporter.progress(f"{chosen.name}: {reason}")
        chosen.reap(is_alive)  # what an earlier one left behind when it was killed
        return chosen

    return open_sandbox


def describe(ending: Ending, locale: str) -> dict[str, Any]:
    """Return how a trial ended as JSON; the keys are those of the site's submissions."""
    return {
        "state": "failed" if ending.verdict else "passed",
        "verdict": ending.verdict or None,
        "messages": [_message(one, locale) for one in ending.messages[:MOST_MESSAGES]],
        "notes": [one.render(locale) for one in ending.notes],
        "scores": dict(ending.scores),
        "run": None if ending.run is None else _run(ending.run),
        "place": _place(ending),
        "excerpt": [{"line": line, "text": text} for line, text in ending.excerpt],
    }


def _message(message: Message, locale: str) -> dict[str, Any]:
    return {"message": message.render(locale), "line": message.line}


def _fault(fault: Fault, locale: str) -> dict[str, Any]:
    return {"loc": "file", "line": fault.line, "message": fault.sentence.render(locale)}


def _run(run: RunResult) -> Mapping[str, Any]:
    return {
        "wall_s": run.wall_s,
        "cpu_s": run.cpu_s,
        "peak_memory_bytes": run.peak_memory_bytes,
        "output_bytes": run.output_bytes,
        "exit_code": run.exit_code,
        "signal": run.signal,
        "backend": run.backend,
        "image_digest": run.image_digest,
    }


def _place(ending: Ending) -> dict[str, Any] | None:
    if ending.run is None or not ending.verdict:
        return None
    found = find_origin(ending.run.error, ending.run.excess)
    if found is None:
        return None
    return {"function": found[0], "file": found[1], "line": found[2]}


if __name__ == "__main__":
    sys.exit(main())
