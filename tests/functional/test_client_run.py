"""`baijing run` says what the site would say: the same refusals, verdicts and scores."""

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import jsonschema
import pytest
from flask import Flask

from app.core.audit import THE_CLOCK
from app.core.platform import Platform
from app.evaluations.jobs import evaluate_one
from app.problems.preparing import prepare_pack
from app.problems.publishing import publish
from app.settings import Settings
from baijing import engine
from baijing.errors import Exit
from baijing.schemas import schema_of
from sandbox import Sandbox, choose_sandbox
from tests.factories.packs import write_pack
from tests.functional.terminal import Person, sit_down
from trial.__main__ import Reporter
from trial.__main__ import run as run_engine

pytestmark = [pytest.mark.functional, pytest.mark.enable_socket]
STATE = Path(__file__).parents[2] / "build" / "sandbox"
ANSWER = "id,label\n" + "".join(f"r{row},ok\n" for row in range(6))


@pytest.fixture
def person(settings: Settings, app: Flask, platform: Platform, tmp_path: Path) -> Iterator[Person]:
    """A problem with data to try on, whose limits are soon reached."""
    pack = write_pack(tmp_path / "pack")
    text = (pack / "problem.yaml").read_text()
    limits = "memory: 256MiB, time: 5s, output: 1MiB"
    (pack / "problem.yaml").write_text(text.replace("memory: 1GiB, time: 60s", limits))
    for name, content in (
        ("debug_input/test.csv", "id\nd0\nd1\n"),
        ("debug_truth/truth.csv", "id,label\nd0,bad\nd1,ok\n"),
    ):
        path = pack / "data/public" / name
        path.parent.mkdir()
        path.write_text(content)
    prepared = prepare_pack(platform, pack, seed=None, progress=lambda _step: None)
    with platform.database.transaction() as session:
        publish(session, prepared, actor=THE_CLOCK, now=platform.clock.now())
    (tmp_path / "home/cache/baijing").mkdir(parents=True)
    (tmp_path / "home/cache/baijing/sandbox").symlink_to(STATE)  # built once for all tests
    with sit_down(app, platform, settings, tmp_path / "home") as somebody:
        yield somebody


def zipped(folder: Path, files: dict[str, str]) -> Path:
    path = folder / "code.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@pytest.fixture
def engine_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine as a function: its start as a process takes longer than what is asked of it."""

    def run(request: Mapping[str, object]) -> Iterator[tuple[str, object]]:
        out = io.StringIO()
        run_engine(json.dumps(request), Reporter(out))
        for line in out.getvalue().splitlines():
            yield from json.loads(line).items()

    monkeypatch.setattr(engine, "run", run)


@pytest.mark.usefixtures("engine_inside")
@pytest.mark.parametrize(
    "files",
    [
        {},
        {"solve.py": ""},
        {"../main.py": ""},
        {"main.py": "", "MAIN.py": ""},
        {"main.py": "", "requirements.txt": "numpy\nno-such-package==1\nPIL\n"},
        {"main.py": "", "a\\b": ""},
    ],
    ids=["empty", "no entry", "outside", "twice", "requirements", "backslash"],
)
def test_code_that_the_site_refuses_is_refused_here_in_the_same_words(
    person: Person, tmp_path: Path, files: dict[str, str]
) -> None:
    check_same_refusal(person, zipped(tmp_path, files), "code")


@pytest.mark.usefixtures("engine_inside")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "id,label\n",
        ANSWER.replace("r3,ok", "r3,maybe"),
        ANSWER.replace("r3,ok\n", ""),
        ANSWER + "r9,ok\n",
        ANSWER + "r0,ok\n",
        "id,label\n" + "r0,ok\n" * 200_000,
    ],
    ids=["nothing", "no rows", "value", "missing", "extra", "twice", "too large"],
)
def test_an_answer_that_the_site_refuses_is_refused_here_in_the_same_words(
    person: Person, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "answer.csv"
    path.write_text(text)
    check_same_refusal(person, path, "predictions")


def check_same_refusal(person: Person, path: Path, kind: str) -> None:
    told = []
    for command in ("run", "submit"):
        status, _out, err = person.types(command, "solder", str(path), "--kind", kind, "--json")
        assert status == Exit.REFUSED, err
        told.append(json.loads(err[err.index("{") :])["error"])
    here, there = told
    if there["code"] == "too_large":  # of which the site says nothing but the limit
        assert len(here["errors"]) == 1
        return
    assert here["errors"] == there["errors"]
    assert here["code"] == there["code"] == "invalid_upload"


def test_an_answer_that_the_site_takes_passes_here(person: Person, tmp_path: Path) -> None:
    path = tmp_path / "answer.csv"
    path.write_text(ANSWER)
    told = person.asks("run", "solder", str(path))
    assert (told["state"], told["run"], told["scores"]) == ("passed", None, {})
    jsonschema.Draft202012Validator(schema_of("run")).validate(told)
    assert "not public" in told["notes"][0]
    assert person.asks("submit", "solder", str(path))["state"] == "queued"


def test_without_the_engine_it_says_what_to_install(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "main.py").write_text("")
    monkeypatch.setattr(engine, "MODULE", "no_such_module")
    status, _out, err = person.types("run", "solder", str(tmp_path / "main.py"), "--lang", "en")
    assert status == Exit.USAGE
    assert "pip install baijing[run]" in err


def test_an_engine_that_dies_is_told_apart_from_a_verdict(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "main.py").write_text("")
    monkeypatch.setattr(engine, "MODULE", "this")  # prints, and knows nothing of a trial
    assert person.types("run", "solder", str(tmp_path / "main.py"))[0] == Exit.LOCAL


WRITE = "import os, pathlib\nanswer = pathlib.Path(os.environ['OUTPUT_DIR'], 'predictions.csv')\n"
READ = "ids = pathlib.Path(os.environ['INPUT_DIR'], 'test.csv').read_text().split()[1:]\n"
GOOD = WRITE + READ + "answer.write_text('id,label\\n' + ''.join(f'{i},ok\\n' for i in ids))\n"
PROGRAMS = {
    "": GOOD,
    "runtime_error": "def solve():\n    raise ValueError('of mine')\nsolve()\n",
    "runtime_error import": "import no_such_package\n",
    "runtime_error signal": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n",
    "runtime_error status": "raise SystemExit(7)\n",
    "time_limit": "while True:\n    pass\n",
    "memory_limit": "held = []\nwhile True:\n    held.append(b'x' * (1 << 20))\n",
    "output_limit": WRITE + "answer.write_bytes(bytes(64 << 20))\n",
    "process_limit": "import os, time\nfor i in range(400):\n    os.fork() or time.sleep(60)\n",
    "missing_output": "print('nothing')\n",
    "invalid_output link": WRITE + "answer.symlink_to('/etc/hostname')\n",
    "invalid_output value": GOOD.replace(",ok", ",maybe"),
    "invalid_output missing": GOOD.replace("in ids)", "in ids[1:])"),
    "invalid_output twice": GOOD.replace("in ids)", "in ids * 2)"),
    "invalid_output words": WRITE + "answer.write_text('not a table')\n",
}
BACKENDS = [
    pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
    pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.slow]),
]


def test_a_program_is_tried_by_a_process_of_its_own(person: Person, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("no-such-package\n")
    (tmp_path / "main.py").write_text("")
    status, _out, err = person.types("run", "solder", str(tmp_path), "--kind", "code")
    assert status == Exit.REFUSED
    assert "no-such-package" in err


@pytest.fixture(scope="module")
def sandboxes() -> dict[str, Sandbox]:
    return {}


@pytest.fixture
def real(backend: str, sandboxes: dict[str, Sandbox], monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The same sandbox for the site and for the engine: its limits are proven once."""
    if backend not in sandboxes:
        sandboxes[backend], _reason = choose_sandbox(
            "docker" if backend == "docker" else "bubblewrap",
            runtime=None,
            state_dir=STATE,
            installation="tests-run",
            progress=print,
        )
    found = sandboxes[backend]
    monkeypatch.setattr("trial.__main__.choose_sandbox", lambda *_given, **_named: (found, ""))
    return found


@pytest.mark.usefixtures("engine_inside")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_what_passes_here_is_scored_there_and_what_fails_fails_alike(
    person: Person, tmp_path: Path, real: Sandbox, backend: str, name: str
) -> None:
    (tmp_path / "main.py").write_text(dedent(PROGRAMS[name]))
    program = str(tmp_path / "main.py")
    status, out, err = person.types("run", "solder", program, "--json", "--backend", backend)
    assert out, err
    here = json.loads(out)
    handed = person.asks("submit", "solder", program)
    platform = replace(person.platform, sandbox=lambda: real)
    assert evaluate_one(platform, person.settings, "cpu", "w")
    there = site_says(person, handed["id"])
    verdict = name.partition(" ")[0] or None
    assert (here["verdict"], there["verdict"]) == (verdict, verdict), (here, there)
    assert status == (Exit.FAILED if verdict else Exit.OK)
    if verdict is None:
        assert here["scores"] == {"accuracy": 0.5}
        assert there["state"] == "scored"
    elif not name.startswith(("invalid_output missing", "invalid_output twice")):  # name their ids
        # the public input is shorter than the real one
        assert without_numbers(here["messages"])[:1] == without_numbers(there["messages"])[:1]
    if name == "runtime_error":
        assert here["place"] == {"function": "solve", "file": "main.py", "line": 2}
        assert {"line": 2, "text": "    raise ValueError('of mine')"} in here["excerpt"]


def site_says(person: Person, submission: str) -> dict[str, Any]:
    listed = person.asks("submissions", "solder")["items"]
    found: dict[str, Any] = next(one for one in listed if one["id"] == submission)
    return found


def without_numbers(messages: list[dict[str, object]]) -> list[tuple[str, object]]:
    return [(re.sub(r"[\d.]+", "#", str(one["message"])), one["line"]) for one in messages]
