"""The teams' command line against the real application, served by a thread."""

import ast
import hashlib
import io
import json
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from flask import Flask
from sqlalchemy import select

from app.core.platform import Platform
from app.evaluations.jobs import evaluate_one
from app.evaluations.models import Evaluation, LogChunk, State, Verdict
from app.settings import Settings
from baijing.account import Account, locate
from baijing.commands import doctor, submit
from baijing.commands.download import locate as locate_file
from baijing.console import Console, draw_table
from baijing.errors import DeniedError, Exit, LocalError, UnreachableError
from baijing.pieces import Pieces
from baijing.schemas import ANSWERS
from baijing.site import Site
from baijing.texts import CHINESE, clean
from sandbox.recipes import find_recipe
from tests.factories.packs import publish_pack
from tests.functional.terminal import Person, sit_down

pytestmark = [pytest.mark.functional, pytest.mark.enable_socket]
ANSWER = "id,label\n" + "".join(f"r{row},ok\n" for row in range(6))


@pytest.fixture
def person(settings: Settings, app: Flask, platform: Platform, tmp_path: Path) -> Iterator[Person]:
    publish_pack(platform, tmp_path / "pack")
    with sit_down(app, platform, settings, tmp_path / "home") as somebody:
        yield somebody


def test_login_keeps_the_token_for_its_owner_alone(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(person.token + "\n"))
    status, out, _err = person.types("login", person.address, "--token-stdin", "--lang", "en")
    assert (status, out) == (Exit.OK, f"Logged in at {person.address}.\n")
    kept = locate({"XDG_CONFIG_HOME": str(person.home)})
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert person.types("problems", BAIJING_TOKEN="")[0] == Exit.OK
    elsewhere = {"BAIJING_TOKEN": "", "BAIJING_URL": "http://localhost:9"}
    assert person.types("problems", **elsewhere)[0] == Exit.USAGE  # the token of another site


def test_a_token_that_the_site_does_not_accept_is_not_kept(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("wrong-token-of-nobody\n"))
    assert person.types("login", person.address, "--token-stdin")[0] == Exit.DENIED
    assert not locate({"XDG_CONFIG_HOME": str(person.home)}).exists()


@pytest.mark.parametrize("address", ["http://example.org", "ftp://localhost", "https://a@b", "x"])
def test_a_token_travels_over_https_or_not_at_all(person: Person, address: str) -> None:
    assert person.types("problems", BAIJING_URL=address)[0] == Exit.USAGE


def test_problems_are_listed_in_both_languages(person: Person) -> None:
    assert "Solder joints" in person.types("problems", "--lang", "en")[1]
    assert "焊点缺陷" in person.types("problems", "--lang", "zh")[1]
    assert person.asks("problems", "nothing-like-it") == {"items": [], "total": 0}


def test_a_download_goes_on_where_it_broke_off(person: Person, tmp_path: Path) -> None:
    to = tmp_path / "data"
    (to / "notes").mkdir(parents=True)
    (to / "train.csv.part").write_bytes(b"id,la")
    (to / "notes/README.md").write_text("# old\n")
    brought = person.asks("download", "solder", "--to", str(to))
    assert {one["path"] for one in brought["files"]} >= {"train.csv", "notes/README.md"}
    assert (to / "train.csv").read_text() == "id,label\nt0,ok\n"
    assert (to / "notes/README.md").read_text() == "# data\n"
    assert not list(to.rglob("*.part"))
    assert "is complete" in person.types("download", "solder", "--to", str(to), "--lang", "en")[2]


def test_a_part_of_other_bytes_is_found_out(person: Person, tmp_path: Path) -> None:
    (tmp_path / "train.csv.part").write_bytes(b"wrong")
    command = ("download", "solder", "train.csv", "--to", str(tmp_path))
    assert person.types(*command)[0] == Exit.LOCAL
    assert list(tmp_path.glob("train.csv*")) == []
    assert person.types(*command)[0] == Exit.OK


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "a\\x", "", "a\x1bb", "c:x"])
def test_no_file_is_written_outside_the_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(LocalError):
        locate_file(tmp_path, path)


def test_no_file_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "notes").symlink_to("/tmp")
    with pytest.raises(LocalError):
        locate_file(tmp_path, "notes/README.md")


def test_an_answer_is_handed_in_and_followed_to_the_board(person: Person, tmp_path: Path) -> None:
    file = tmp_path / "answer.csv"
    file.write_text(ANSWER)
    handed = person.asks("submit", "solder", str(file), "--note", "第一次")
    assert (handed["state"], handed["note"]) == ("queued", "第一次")
    out, err = io.StringIO(), io.StringIO()
    site = Site(Account(person.address, person.token), "en", sleep=lambda _s: _work(person))
    ended = submit.follow(site, Console(out, err, "en"), handed)
    assert (ended["state"], ended["scores"]) == ("scored", {"A": {"accuracy": 0.5}})
    assert err.getvalue().split("\n")[-2].endswith(": scored")
    assert "accuracy=0.5" in person.types("submissions")[1]
    board = person.types("leaderboard", "solder")[1].splitlines()
    assert "Li Lei *" in board[1]


def test_a_folder_of_code_is_packed_the_same_way_twice(person: Person, tmp_path: Path) -> None:
    code = tmp_path / "code"
    (code / "__pycache__").mkdir(parents=True)
    (code / "__pycache__/x.pyc").write_bytes(b"x")
    (code / "main.py").write_text("print('hello')\n")
    (code / "leak").symlink_to("/etc/hostname")
    first, second = (person.asks("submit", "solder", str(code)) for _time in range(2))
    assert first["kind"] == "code"
    assert first["sha256"] == second["sha256"]
    assert first["id"] != second["id"]


def test_a_lone_program_is_handed_in_as_a_zip_that_starts_it(
    person: Person, tmp_path: Path
) -> None:
    (tmp_path / "solve.py").write_text("print('hello')\n")
    handed = person.asks("submit", "solder", str(tmp_path / "solve.py"))
    assert (handed["kind"], handed["filename"], handed["state"]) == ("code", "solve.zip", "queued")


def test_the_log_of_code_is_shown_once_and_wholly(person: Person, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("print('hello')\n")
    handed = person.asks("submit", "solder", str(tmp_path), "--kind", "code")
    with person.platform.database.transaction() as session:
        evaluation = session.scalars(select(Evaluation)).one()
        evaluation.attempt = 1
        session.add(
            LogChunk(evaluation_id=evaluation.id, attempt=1, start=0, size=6, text="first\n")
        )
    looks = []

    def look(_seconds: float) -> None:
        looks.append(1)
        with person.platform.database.transaction() as session:
            one = session.scalars(select(Evaluation)).one()
            session.add(LogChunk(evaluation_id=one.id, attempt=1, start=6, size=5, text="last\n"))
            one.state, one.verdict = State.FAILED, Verdict.RUNTIME_ERROR
            one.finished_at = person.platform.clock.now()

    err = io.StringIO()
    site = Site(Account(person.address, person.token), "en", sleep=look)
    ended = submit.follow(site, Console(io.StringIO(), err, "en"), handed)
    assert (ended["state"], len(looks)) == ("failed", 1)
    assert err.getvalue().splitlines()[1::2] == ["first", "last"]


def test_a_refused_answer_is_told_line_by_line(person: Person, tmp_path: Path) -> None:
    file = tmp_path / "answer.csv"
    file.write_text(ANSWER.replace("r3,ok", "r3,maybe"))
    status, out, err = person.types("submit", "solder", str(file), "--lang", "en")
    assert (status, out) == (Exit.REFUSED, "")
    assert "line 5" in err
    status, _out, err = person.types("submit", "solder", str(file), "--json")
    assert json.loads(err)["error"]["code"] == "invalid_upload"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("leaderboard", "nothing"), Exit.MISSING),
        (("leaderboard", "solder", "--board", "B"), Exit.DENIED),
        (("download", "solder", "nothing.csv"), Exit.MISSING),
        (("submit", "solder", "/nowhere.csv"), Exit.LOCAL),
        (("submit", "solder", "either.zip"), Exit.USAGE),
    ],
)
def test_what_went_wrong_is_the_exit_status(
    person: Person, arguments: tuple[str, ...], status: int
) -> None:
    assert person.types(*arguments)[0] == status


def test_a_site_that_is_not_there_is_named(person: Person) -> None:
    dead = Account("http://127.0.0.1:9", person.token)
    with pytest.raises(UnreachableError, match="does not answer"):
        Site(dead, "en", sleep=lambda _s: None).read("/problems", dict)


class Told(io.BytesIO):
    """An answer of a site that is not quite ours."""

    status = 200


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"items": []}', "total"),
        ('{"items": null, "total": 0}', "items"),
        ('{"items": [{"slug": 3}], "total": 1}', r"items\[0\].slug"),
        ('{"items": [[]], "total": 1}', r"items\[0\]"),
        ('{"items": [], "total": true}', "total"),
        ("[]", "no sense"),
        ("nonsense", "no sense"),
    ],
)
def test_an_answer_that_makes_no_sense_is_the_sites_fault(
    person: Person, monkeypatch: pytest.MonkeyPatch, text: str, place: str
) -> None:
    monkeypatch.setattr(Site, "open", lambda *_given: Told(text.encode()))
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    status, _out, err = person.types("problems", "--lang", "en")
    assert status == Exit.UNREACHABLE
    assert re.search(place, err)


def test_an_error_of_our_own_is_not_the_sites(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> str:
        message = "ours"
        raise KeyError(message)

    monkeypatch.setattr("baijing.commands.lists.draw_table", broken)
    with pytest.raises(KeyError, match="ours"):
        person.types("problems")


def test_what_a_site_says_cannot_steer_a_terminal() -> None:
    hostile = "a\x1b[2Jb\x1b]0;title\x07c\rd\x9be\u202ef\tg\n"
    assert clean(hostile) == "abcdef\tg\n"
    assert draw_table(("名", "b"), [("a\nb", "c")]) == "名   b\na b  c"


def test_the_doctor_says_how_things_stand_and_what_to_do(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("baijing.engine.MODULE", "no_such_module")
    told = person.asks("doctor", "solder", "--lang", "en")
    levels = {one["check"]: one["level"] for one in told["checks"]}
    assert {levels[name] for name in ("python", "site", "token", "clock")} == {"ok"}
    assert (levels["engine"], told["level"]) == ("warn", "warn")
    assert all(one["todo"] for one in told["checks"] if one["level"] != "ok")
    status, out, _err = person.types("doctor", "--lang", "zh")
    assert (status, "令牌有效。" in out) == (Exit.OK, True)


def test_the_doctor_compares_the_image_with_the_sites(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    fact = {"ok": True, "detail": "27.0"}
    found = dict.fromkeys(("docker", "docker_image", "bubblewrap", "bubblewrap_image"), fact)
    for recipe, level in ((find_recipe("python-cpu").digest(), "ok"), ("0" * 64, "warn")):
        answer = {**found, "recipe": recipe}
        monkeypatch.setattr("baijing.engine.inspect", lambda *_given, told=answer: told)
        checks = person.asks("doctor", "solder")["checks"]
        assert {one["check"]: one["level"] for one in checks}["recipe"] == level


@pytest.mark.parametrize(
    ("environment", "check"),
    [
        ({"BAIJING_URL": "http://127.0.0.1:9"}, "site"),
        ({"BAIJING_TOKEN": "wrong-token-of-nobody"}, "token"),
        ({"BAIJING_URL": "http://example.org"}, "account"),
    ],
)
def test_the_doctor_fails_where_nothing_works(
    person: Person, environment: dict[str, str], check: str
) -> None:
    status, out, _err = person.types("doctor", "--json", **environment)
    assert status == Exit.FAILED
    failed = [one for one in json.loads(out)["checks"] if one["level"] == "fail"]
    assert [one["check"] for one in failed] == [check]
    assert failed[0]["todo"]


def test_a_clock_that_is_off_is_told(person: Person) -> None:
    console = Console(io.StringIO(), io.StringIO(), "en")
    given = {"BAIJING_URL": person.address, "BAIJING_TOKEN": person.token}
    late = datetime.now(UTC) + timedelta(minutes=5)
    lines = {line.check: line for line in doctor.examine(console, given, "", lambda: late)}
    assert lines["clock"].level == "warn"
    assert 290 < float(str(lines["clock"].params["seconds"])) < 310


def test_words_are_completed_without_asking_the_site(person: Person) -> None:
    def completes(*words: str) -> list[str]:
        return person.types("__complete", "--", *words, BAIJING_URL="")[1].splitlines()

    assert completes("submi") == ["submissions", "submit"]
    assert completes("submit", "") == [""]
    person.types("problems")
    assert completes("submit", "so") == ["solder"]
    assert completes("submit", "solder", "") == ["//"]
    assert completes("submit", "--ki") == ["--kind"]
    assert completes("submit", "--kind", "") == ["code", "predictions"]
    assert completes("run", "--backend", "b") == ["bubblewrap"]
    assert completes("download", "--to", "") == ["//"]
    assert completes("completion", "") == ["bash", "fish", "zsh"]
    assert completes("nonsense", "") == [""]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_takes_its_script(person: Person, tmp_path: Path, shell: str) -> None:
    script = person.asks("completion", shell)["script"]
    program = shutil.which(shell)
    if program is None:
        assert "baijing __complete" in script
        return
    (tmp_path / "script").write_text(script)
    check = subprocess.run(
        [program, "-n", str(tmp_path / "script")], check=False, capture_output=True
    )
    assert (check.returncode, check.stderr) == (0, b"")


def test_what_is_printed_is_of_the_schema_that_is_printed(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("baijing.engine.MODULE", "no_such_module")
    (tmp_path / "answer.csv").write_text(ANSWER)
    asked = {
        "problems": (),
        "download": ("solder", "--to", str(tmp_path / "data")),
        "submit": ("solder", str(tmp_path / "answer.csv")),
        "submissions": (),
        "leaderboard": ("solder",),
        "doctor": ("solder",),
        "completion": ("zsh",),
        "schema": ("run",),
    }
    for command, words in asked.items():
        told = person.asks(command, *words)
        jsonschema.Draft202012Validator(person.asks("schema", command)).validate(told)
    _status, _out, err = person.types("leaderboard", "nothing", "--json")
    jsonschema.Draft202012Validator(person.asks("schema", "error")).validate(json.loads(err))
    assert set(ANSWERS) - set(asked) == {"login", "run", "error"}  # the first two elsewhere
    for name in ANSWERS:
        jsonschema.Draft202012Validator.check_schema(person.asks("schema", name))


def test_a_large_file_goes_on_where_it_broke_off(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("baijing.pieces.PIECE", "baijing.commands.submit.AT_ONCE"):
        monkeypatch.setattr(name, 16)
    (tmp_path / "answer.csv").write_text(ANSWER)
    command = ("submit", "solder", str(tmp_path / "answer.csv"), "--note", "large")
    honest, sent = Pieces.send_piece, []

    def break_off(pieces: Pieces, path: str, offset: int, piece: bytes) -> int:
        sent.append(offset)
        if len(sent) == 3:
            message = "%(detail)s"
            raise DeniedError(message, {"detail": "gone"})
        return honest(pieces, path, offset, piece)

    monkeypatch.setattr(Pieces, "send_piece", break_off)
    assert person.types(*command)[0] == Exit.DENIED
    handed = person.asks(*command)
    assert sent == [0, 16, 32, 32]
    assert (handed["filename"], handed["note"]) == ("answer.csv", "large")
    assert handed["sha256"] == hashlib.sha256(ANSWER.encode()).hexdigest()
    assert json.loads((person.home / "cache/baijing/uploads.json").read_text()) == {}


def test_a_large_file_that_is_refused_is_forgotten(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("baijing.commands.submit.AT_ONCE", 16)
    (tmp_path / "answer.csv").write_text(ANSWER.replace("r3,ok", "r3,maybe"))
    command = ("submit", "solder", str(tmp_path / "answer.csv"), "--lang", "en")
    for _time in range(2):
        status, _out, err = person.types(*command)
        assert (status, "line 5" in err) == (Exit.REFUSED, True)


def test_every_sentence_is_said_in_chinese_too() -> None:
    said = set()
    for path in Path(submit.__file__).parents[1].rglob("*.py"):
        if path.name == "texts.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and str(node.value) in CHINESE:
                said.add(str(node.value))
            elif isinstance(node, ast.Constant) and "%(" in str(node.value):
                raise AssertionError(node.value)
    assert said == set(CHINESE)


def _work(person: Person) -> None:
    evaluate_one(person.platform, person.settings, "cpu", "w")
