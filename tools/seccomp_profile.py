"""Renew the facts that the sandbox's system-call filter is generated from.

    python tools/seccomp_profile.py --default default.json --default-version "moby/profiles …" \
        --table syscalls.csv

`default.json` is the container engine's default profile (github.com/moby/profiles, seccomp/),
`syscalls.csv` the table of numbers that libseccomp keeps (github.com/seccomp/libseccomp, src/).
Writes `sandbox/seccomp_facts.json`: which calls the engine's default allows a program without
capabilities, and the number of each call on each machine. Then compares with our own rules
(`sandbox/seccomp.json`): exit status 1 and one line for each call that no rule speaks of yet.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NotRequired, TypedDict

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sandbox.seccomp import FACTS, Rules, read_rules

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
"""The machines we know, by the kernel's name and by the engine's."""


class Rule(TypedDict):
    """One rule of the engine's profile, as far as it matters here."""

    names: list[str]
    action: str
    args: NotRequired[list[dict[str, int]] | None]
    includes: NotRequired[dict[str, list[str]]]


def engine_default(rules: Iterable[Rule]) -> tuple[list[str], list[str]]:
    """Return what rules allow a program without capabilities: as such, and by arguments."""
    whole: set[str] = set()
    partly: set[str] = set()
    for rule in rules:
        includes = rule.get("includes", {})
        arches = set(includes.get("arches") or MACHINES.values())
        if rule["action"] != "SCMP_ACT_ALLOW" or includes.get("caps"):
            continue
        if arches & set(MACHINES.values()):
            (partly if rule.get("args") else whole).update(rule["names"])
    return sorted(whole), sorted(partly - whole)


def read_table(path: Path) -> tuple[str, dict[str, dict[str, int]]]:
    """Return the table's own word on its version, and each machine's numbers by name."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    columns = {machine: header.index(machine) for machine in MACHINES}
    numbers = {
        machine: {row[0]: int(row[column]) for row in rows if row[column].isdigit()}
        for machine, column in columns.items()
    }
    return header[0].lstrip("#").strip(), numbers


def unspoken(rules: Rules, names: Iterable[str]) -> list[str]:
    """Return the calls that none of our rules mentions."""
    return sorted(set(names) - rules.allowed - rules.denied - rules.narrowed)


def main() -> int:
    """Write the facts and say what they lack a rule for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--default", type=Path, required=True)
    parser.add_argument("--default-version", required=True)
    parser.add_argument("--table", type=Path, required=True)
    options = parser.parse_args()
    profile: dict[str, list[Rule]] = json.loads(options.default.read_text(encoding="utf-8"))
    whole, partly = engine_default(profile["syscalls"])
    version, numbers = read_table(options.table)
    known = {name for table in numbers.values() for name in table}
    facts = {
        "engine_default": {
            "version": options.default_version,
            "allows": [name for name in whole if name in known],
            "allows_by_arguments": partly,
        },
        "table": {"version": version, "numbers": numbers},
    }
    FACTS.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    missing = unspoken(read_rules(), known)
    for name in missing:
        print(f"no rule speaks of {name}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
