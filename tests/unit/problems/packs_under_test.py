"""Packs built on the spot: the valid base of the pack cases, with data or a scorer of its own."""

import shutil
from pathlib import Path

BASE = Path(__file__).parents[2] / "pack_cases" / "_valid"

TABULAR_GENERATOR = """
import argparse, pathlib, random
parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int)
parser.add_argument("--out", type=pathlib.Path)
a = parser.parse_args()
r = random.Random(a.seed)
ids = [f"r{n:03d}" for n in r.sample(range(1000), 120)]
rows = [(i, r.choice(["ok", "bad"]), r.random()) for i in ids]
def write(name, header, lines):
    path = a.out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header + "\\n" + "".join(line + "\\n" for line in lines))
for folder in ("public", "input"):
    write(f"{folder}/test.csv", "id,x", [f"{i},{x:.6f}" for i, _, x in rows])
write("public/sample_predictions.csv", "id,label,score", [f"{i},ok,0.5" for i, _, _ in rows])
write("A/truth/truth.csv", "id,label", [f"{i},{label}" for i, label, _ in rows[:50]])
write("B/truth/truth.csv", "id,label", [f"{i},{label}" for i, label, _ in rows[50:]])
"""

BASELINE = """
import csv, os, pathlib
source, target = (pathlib.Path(os.environ[n]) for n in ("INPUT_DIR", "OUTPUT_DIR"))
with open(source / "test.csv") as file:
    rows = list(csv.DictReader(file))
with open(target / "predictions.csv", "w") as file:
    file.write("id,label,score\\n")
    file.writelines(f"{row['id']},bad,0.5\\n" for row in rows)
"""

SCORER = """
import json
from scoring import InvalidSubmission

def score(output, truth):
    try:
        answer = json.loads((output / "answer.json").read_text(encoding="utf-8"))
        guess = float(answer["guess"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InvalidSubmission(zh="需要 guess", en="guess is needed") from None
    best = json.loads((truth / "best.json").read_text())
    return {"scores": {"error": abs(guess - best)}, "cases": [{"id": "only", "guess": guess}]}
"""

SCORER_GENERATOR = """
import argparse, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int)
parser.add_argument("--out", type=pathlib.Path)
a = parser.parse_args()
for name, text in (
    ("public/sample_answer.json", '{"guess": 1}'),
    ("A/input/task.json", "1"), ("B/input/task.json", "2"),
    ("A/truth/best.json", str(a.seed % 97 + 10)), ("B/truth/best.json", str(a.seed % 89 + 20)),
):
    path = a.out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
"""

SCORER_BASELINE = """
import os, pathlib
folder = pathlib.Path(os.environ["OUTPUT_DIR"])
(folder / "answer.json").write_text('{"guess": 3}')
"""


def tabular_pack(
    folder: Path, *, generator: str = TABULAR_GENERATOR, baseline: str = BASELINE
) -> Path:
    """Write a pack of rows with two boards, its generator and a baseline that always says bad."""
    shutil.copytree(BASE, folder)
    (folder / "generate.py").write_text(generator, encoding="utf-8")
    (folder / "baseline" / "main.py").write_text(baseline, encoding="utf-8")
    edit(
        folder,
        "scores: {A: {f1: 0.5}}, tolerance: 0.1",
        "scores: {A: {f1: 0.34}, B: {f1: 0.34}}, tolerance: 0.1",
    )
    return folder


def scorer_pack(folder: Path, *, scorer: str = SCORER) -> Path:
    """Write a pack of sets with a scorer of its own."""
    shutil.copytree(BASE, folder)
    text = (folder / "problem.yaml").read_text(encoding="utf-8")
    head, rest = text.split("  max_bytes")
    tail = rest[rest.index("resources:") :]
    middle = (
        "scoring:\n  partition: sets\n  scorer: scorer.py\n"
        "  columns:\n    - {key: error, direction: min, primary: true}\n"
    )
    head = head.replace("predictions.csv", "answer.json")
    tail = tail.replace(
        "{A: {f1: 0.5}}, tolerance: 0.1", "{A: {error: 1}, B: {error: 1}}, tolerance: 97"
    )
    (folder / "problem.yaml").write_text(head + middle + tail, encoding="utf-8")
    (folder / "scorer.py").write_text(scorer, encoding="utf-8")
    (folder / "generate.py").write_text(SCORER_GENERATOR, encoding="utf-8")
    (folder / "baseline" / "main.py").write_text(SCORER_BASELINE, encoding="utf-8")
    return folder


def edit(folder: Path, old: str, new: str, name: str = "problem.yaml") -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
