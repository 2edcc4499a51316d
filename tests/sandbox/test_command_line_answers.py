"""`python -m sandbox run` on every backend: what it prints and how it exits, for eight endings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sandbox.__main__ import main
from tests.sandbox.conftest import BUBBLEWRAP, DOCKER, STATE

PROMISED = {
    "verdict",
    "exit_code",
    "wall_s",
    "cpu_s",
    "peak_memory_bytes",
    "output_bytes",
    "log_tail",
    "log_truncated",
    "backend",
    "image_digest",
}


@dataclass(frozen=True)
class Ending:
    program: str
    verdict: str | None
    options: tuple[str, ...] = ()
    excess: str | None = None
    expected: Mapping[str, object] = field(default_factory=dict)


ENDINGS = {
    "success": Ending(
        "open('/output/answer.csv', 'w').write('id\\n1\\n')\nprint('done')\n",
        None,
        expected={"exit_code": 0, "output_bytes": 5, "log_tail": "done\n", "signal": None},
    ),
    "timeout": Ending("while True:\n    pass\n", "time_limit", ("--time", "2"), "time"),
    "memory": Ending(
        "kept = []\nwhile True:\n    kept.append(bytearray(1 << 20))\n",
        "memory_limit",
        ("--memory", "128MiB"),
        "memory",
    ),
    "fork bomb": Ending(
        "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n",
        "process_limit",
        ("--time", "20"),
        "processes",
    ),
    "log flood": Ending(
        "while True:\n    print('x' * 1000)\n",
        "output_limit",
        (),
        "log_bytes",
        {"log_truncated": True},
    ),
    "disk fill": Ending(
        "with open('/output/big.bin', 'wb') as file:\n    while True:\n"
        "        file.write(bytes(1 << 20))\n",
        "output_limit",
        ("--output-limit", "8MiB"),
        "output_bytes",
    ),
    "symlink answer": Ending(
        "import os\nos.symlink('/etc/passwd', '/output/answer.csv')\n",
        "invalid_output",
        ("--collect", "answer.csv"),
        expected={"exit_code": 0, "message": "answer.csv is a symbolic link"},
    ),
    "crash": Ending(
        "import ctypes\nctypes.string_at(0)\n",
        "runtime_error",
        expected={"exit_code": 139, "signal": "SIGSEGV"},
    ),
}


@pytest.mark.parametrize("backend", [DOCKER, BUBBLEWRAP])
@pytest.mark.parametrize("name", ENDINGS)
def test_an_ending(
    backend: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ending = ENDINGS[name]
    code = tmp_path / "code"
    code.mkdir()
    (code / "main.py").write_text(ending.program)
    status = main(
        [
            *("run", "--image", "python-cpu", "--code", str(code), "--input", str(code)),
            *("--output", str(tmp_path / "output"), "--memory", "512MiB", "--json"),
            *("--backend", backend, "--state-dir", str(STATE), *ending.options),
        ]
    )
    told = json.loads(capsys.readouterr().out)
    assert set(told) >= PROMISED
    assert (told["verdict"], told["backend"]) == (ending.verdict, backend)
    assert status == (0 if ending.verdict is None else 1)
    assert {key: told[key] for key in ending.expected} == ending.expected
    assert (told["excess"] or {}).get("kind") == ending.excess
    if ending.excess is not None:
        assert told["excess"]["used"] >= told["excess"]["allowed"]
    assert {"error", "files", "phases", "samples"} <= set(told)
