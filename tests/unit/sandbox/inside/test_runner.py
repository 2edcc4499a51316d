"""What waits inside behaves, once told to go, as the interpreter that was asked for would."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.docker.waiting import END, GO, READY, RUNNER

pytestmark = pytest.mark.slow  # two interpreters a test

SOURCE = RUNNER.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


def plain(folder: Path, *argv: str) -> Ended:
    done = subprocess.run(  # noqa: PLW1510
        [sys.executable, *argv], cwd=folder, capture_output=True, text=True, env=environment()
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def waited(folder: Path, *argv: str, modules: tuple[str, ...] = ("decimal",)) -> Ended:
    """Let it wait in the folder, tell it to go, and return what came but for its own words."""
    request = json.dumps({"argv": ["python", *argv], "env": environment() | {"SEED": "7"}})
    done = subprocess.run(  # noqa: PLW1510
        [sys.executable, "-c", SOURCE, "30", *modules],
        cwd=folder,
        input=f"{request}\nnobody's\n".encode(),
        capture_output=True,
        env=environment(),
    )
    assert done.stdout.startswith(READY + GO)
    out = done.stdout.removeprefix(READY + GO).removesuffix(END)
    return Ended(done.returncode, out.decode(), done.stderr.removesuffix(END).decode())


def environment() -> dict[str, str]:
    path = Path(sys.executable).parent
    return {"PATH": f"{path}:{os.defpath}", "PYTHONUNBUFFERED": "1", "LANG": "C.UTF-8"}


PROGRAMS = {
    "traceback": (
        "def deep(n):\n    return deep(n - 1) if n else 1 / 0\n\n"
        "try:\n    deep(2)\nexcept ZeroDivisionError as error:\n"
        "    raise KeyError('x') from error\n"
    ),
    "group": "raise ExceptionGroup('many', [ValueError(1), OSError(2)])",
    "syntax": "def x(:\n    pass\n",
    "name": "pritn(1)\n",
    "exit": "import sys\nsys.exit(3)",
    "exit large": "raise SystemExit(259)",
    "exit text": "import sys\nprint('a')\nsys.exit('no data')",
    "exit nothing": "raise SystemExit",
    "interrupted": "raise KeyboardInterrupt",
    "hook": (
        "import sys\nsys.excepthook = lambda *facts: print('mine', facts[0].__name__)\n1 / 0\n"
    ),
    "broken hook": "import sys\nsys.excepthook = lambda *facts: {}[1]\n1 / 0\n",
    "main": (
        "'''Words.'''\nimport __main__, sys\n"
        "print(__name__, __file__, __doc__, __package__, __spec__, __cached__, __annotations__)\n"
        "print(sys.argv, sys.path[0], sys.orig_argv[1:], type(__loader__).__name__)\n"
        "print(__main__ is sys.modules['__main__'], __main__.__dict__ is globals())\n"
    ),
    "input": "import sys\nprint(repr(sys.stdin.read()))",
    "order": (
        "import atexit, threading, time\n"
        "class Last:\n    def __del__(self):\n        print('finalised')\n\n"
        "kept = Last()\natexit.register(print, 'exit function')\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()\n"
        "print('main')\n"
    ),
    "daemon thread": (
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    ),
    "executor": (
        "from concurrent.futures import ThreadPoolExecutor\nimport time\n"
        "ThreadPoolExecutor(1).submit(lambda: (time.sleep(0.1), print('done')))\n"
    ),
    "unclosed": (
        "import gzip, os\nanswer = open('answer.csv', 'w')\nanswer.write('1')\n"
        "def use():\n    return packed\n\n"
        "packed = gzip.open('packed.gz', 'wb')\npacked.write(b'2')\n"
    ),
    "own modules": "import mine\nprint(mine.__file__ is not None, mine.FILE.write('3'))",
    "own module hides": "import decimal\nprint(decimal.MINE)",
    "fork": (
        "import os\npid = os.fork()\nif pid:\n    os.wait()\n"
        "print('child' if not pid else 'parent')"
    ),
    "processes": (
        "import multiprocessing as m\n\ndef square(n):\n    return n * n\n\n"
        "if __name__ == '__main__':\n    for how in ('fork', 'spawn'):\n"
        "        with m.get_context(how).Pool(1) as pool:\n"
        "            print(pool.map(square, range(4)))\n"
    ),
    "closed streams": "import sys\nsys.stdout.close()\nsys.stderr.close()",
    "closed descriptors": "import os\nprint('first')\nos.closerange(3, 1024)",
    "pickle": (
        "import pickle\nclass Own: pass\nprint(type(pickle.loads(pickle.dumps(Own()))).__name__)"
    ),
    "encoding": "# -*- coding: latin-1 -*-\nprint('caf\\xe9')",
    "warning": "import warnings\nwarnings.warn('old', DeprecationWarning)",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_is_what_python_would_be(tmp_path: Path, name: str) -> None:
    ends = []
    for way in (plain, waited):
        folder = tmp_path / way.__name__ / "code"
        folder.mkdir(parents=True)
        (folder / "main.py").write_bytes(PROGRAMS[name].encode("latin-1"))
        (folder / "mine.py").write_text("FILE = open('mine.csv', 'w')\n")
        if name == "own module hides":
            (folder / "decimal.py").write_text("MINE = 'mine'\n")
        ended = way(folder, "main.py", "argument")
        files = {path.name: path.read_bytes()[10:] for path in sorted(folder.glob("*.*v"))}
        packed = [path.stat().st_size for path in folder.glob("*.gz")]
        there = str(folder)
        ends.append(
            (
                ended.status,
                ended.out.replace(there, ""),
                ended.err.replace(there, ""),
                files,
                packed,
            )
        )
    assert ends[0] == ends[1]


def test_a_module_runs_as_with_m(tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text(
        "import sys\nprint(sys.argv, sys.path[0], __name__, __spec__.name)\n1 / 0\n"
    )
    asked = plain(tmp_path, "-m", "tool", "x"), waited(tmp_path, "-m", "tool", "x")
    assert asked[0] == asked[1]
    assert plain(tmp_path, "-m", "nothing").status == waited(tmp_path, "-m", "nothing").status == 1


def test_what_is_not_python_replaces_it(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text('yes | head -1\necho "$SEED"\nexit 4\n')
    request = json.dumps({"argv": ["bash", "run.sh"], "env": environment() | {"SEED": "7"}})
    done = subprocess.run(  # noqa: PLW1510
        [sys.executable, "-c", SOURCE, "30"],
        cwd=tmp_path,
        input=f"{request}\n".encode(),
        capture_output=True,
        env=environment(),
    )
    assert (done.returncode, done.stdout, done.stderr) == (4, READY + GO + b"y\n7\n", b"")


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    request = json.dumps({"argv": ["no-such-program"], "env": {}})
    done = subprocess.run(  # noqa: PLW1510
        [sys.executable, "-c", SOURCE, "30"], input=f"{request}\n".encode(), capture_output=True
    )
    assert done.returncode == 127
    assert b"no-such-program" in done.stderr


@pytest.mark.parametrize("said", [b"", b"{half a line"])
def test_it_ends_when_nobody_comes(said: bytes) -> None:
    done = subprocess.run(  # noqa: PLW1510
        [sys.executable, "-c", SOURCE, "30"], input=said, capture_output=True
    )
    assert (done.returncode, done.stdout) == (0, READY)


def test_it_does_not_wait_for_ever() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SOURCE, "0.1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.wait(20) == 0


def test_a_module_that_cannot_be_imported_ahead_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("print('here')")
    ended = waited(tmp_path, "main.py", modules=("no_such_module", "decimal"))
    assert (ended.status, ended.out, ended.err) == (0, "here\n", "")
