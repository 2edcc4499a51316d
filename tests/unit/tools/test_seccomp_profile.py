"""How the facts behind the system-call filter are taken from what others publish."""

import json
import sys
from pathlib import Path

import pytest

from tools import seccomp_profile
from tools.seccomp_profile import Rule, engine_default, main, read_table

HEADER = "#syscall (v9.9.9 2030-01-01),x86,x86_kver,x86_64,x86_64_kver,aarch64,aarch64_kver\n"
ROWS = """read,3,K,0,K,63,K
open,5,K,2,K,PNR,K
socketcall,102,K,PNR,K,PNR,K
brand_new,9,K,999,K,999,K
"""
DEFAULT: list[Rule] = [
    {"names": ["read", "open", "socketcall"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
    {"names": ["s390_only"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["s390x"]}},
    {"names": ["arch_prctl"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64"]}},
    {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 40}]},
    {"names": ["clone3"], "action": "SCMP_ACT_ERRNO"},
]


def test_what_needs_a_capability_is_not_in_the_default() -> None:
    whole, partly = engine_default(DEFAULT)
    assert whole == ["arch_prctl", "open", "read", "socketcall"]
    assert partly == ["socket"]


def test_the_table_has_a_column_for_each_machine(tmp_path: Path) -> None:
    table = tmp_path / "syscalls.csv"
    table.write_text(HEADER + ROWS)
    version, numbers = read_table(table)
    assert version == "syscall (v9.9.9 2030-01-01)"
    assert numbers["x86_64"] == {"read": 0, "open": 2, "brand_new": 999}
    assert numbers["aarch64"] == {"read": 63, "brand_new": 999}


def test_a_call_that_no_rule_speaks_of_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "syscalls.csv").write_text(HEADER + ROWS)
    (tmp_path / "default.json").write_text(json.dumps({"syscalls": DEFAULT}))
    facts = tmp_path / "facts.json"
    monkeypatch.setattr(seccomp_profile, "FACTS", facts)
    arguments = ["--default", str(tmp_path / "default.json"), "--default-version", "of today"]
    arguments += ["--table", str(tmp_path / "syscalls.csv")]
    monkeypatch.setattr(sys, "argv", ["seccomp_profile.py", *arguments])
    assert main() == 1
    assert capsys.readouterr().out == "no rule speaks of brand_new\n"
    written = json.loads(facts.read_text())
    # calls of other machines have no number here and are left out
    assert written["engine_default"]["allows"] == ["open", "read"]
    assert written["engine_default"]["version"] == "of today"
