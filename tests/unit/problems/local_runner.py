"""Runs a pack's code as a plain process: the unit tests' stand-in for a sandbox."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from problems.evaluation import SCORER_COMMAND
from problems.tools import ScriptOutcome, ScriptRun
from scoring.program import run_scorer
from scoring.program_result import RESULT_FILE

ROOT = Path(__file__).resolve().parents[3]


class LocalRunner:
    """Maps the contract's absolute paths to host folders and remembers what it ran."""

    def __init__(self) -> None:
        self.runs: list[ScriptRun] = []

    def __call__(self, run: ScriptRun) -> ScriptOutcome:
        self.runs.append(run)
        if run.command == SCORER_COMMAND:
            return self._score(run)
        places = {"/output": run.output}
        command = [str(places.get(word, word)) for word in run.command]
        command[0] = sys.executable
        with tempfile.TemporaryDirectory() as scratch:
            code = Path(scratch) / "code"
            shutil.copytree(run.code, code)
            done = subprocess.run(
                command,
                cwd=code,
                env={
                    **os.environ,
                    "INPUT_DIR": str(run.input),
                    "OUTPUT_DIR": str(run.output),
                    "PYTHONPATH": str(ROOT),
                    "PYTHONDONTWRITEBYTECODE": "1",
                },
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
        missing = [name for name in run.collect or () if not (run.output / name).is_file()]
        verdict = "runtime_error" if done.returncode else "missing_output" if missing else ""
        message = f"exit status {done.returncode}" if done.returncode else ", ".join(missing)
        return ScriptOutcome(verdict, message, done.stdout + done.stderr, 0.0)

    def _score(self, run: ScriptRun) -> ScriptOutcome:
        """Score in this process, which is twenty times faster; test_program.py starts real ones."""
        path = list(sys.path)
        try:
            result = run_scorer(run.code, run.mounts["/answer"], run.mounts["/truth"])
        finally:
            sys.path[:] = path
        (run.output / RESULT_FILE).write_text(json.dumps(result), encoding="utf-8")
        return ScriptOutcome("", "", "", 0.0)


def find_command(_code: Path) -> tuple[str, ...]:
    return ("python", "main.py")
