"""Small bundles of other platforms, written by the tests: folders and zips of them."""

import zipfile
from pathlib import Path
from typing import Final

CODABENCH: Final = """\
version: 2
title: Weld seams
description: Tell good seams from bad ones.
image: logo.png
docker_image: codalab/codalab-legacy:py37
terms: pages/terms.md
pages:
  - {title: Overview, file: pages/overview.html}
  - {title: Evaluation, file: pages/evaluation.md}
tasks:
  - index: 0
    name: Development
    reference_data: dev
    scoring_program: scoring
phases:
  - index: 0
    name: First
    start: 2026-05-01 18:00:00
    end: '2026-06-01T00:00:00+08:00'
    max_submissions_per_day: 4
    max_submissions: 20
    execution_time_limit: 60
    tasks: [0]
    public_data: public
solutions:
  - {index: 0, tasks: [0], path: solution}
leaderboards:
  - title: Results
    key: main
    submission_rule: Force_Last
    columns:
      - {title: Accuracy, key: Accuracy, index: 0, precision: 4}
      - {title: Errors, key: errors, index: 1, sorting: asc, hidden: true}
      - {title: Mean, key: mean, index: 2, computation: avg, computation_indexes: [0, 1]}
"""

SCORING: Final = """\
import json

truth = open("/app/input/ref/truth.txt").read().split()
given = open("/app/input/res/answer.txt").read().split()
if len(given) != len(truth):
    raise ValueError(f"{len(given)} rows, {len(truth)} expected")
right = sum(a == b for a, b in zip(given, truth))
scores = {"Accuracy": right / len(truth), "errors": len(truth) - right, "note": {"of": "mine"}}
json.dump(scores, open("/app/output/scores.json", "w"))
print("scored")
"""

INGESTION: Final = """\
import sys

sys.path.append("/app/ingested_program")
import os
from model import predict

assert not os.path.exists("/app/input/ref"), "the truth is here"
rows = open("/app/input_data/rows.txt").read().split()
with open("/app/output/answer.txt", "w") as file:
    file.write(" ".join(predict(row) for row in rows))
sys.exit(3)  # how it ends is nobody's business
"""

EVALAI: Final = """\
title: Casting defects
short_description: Find them.
description: templates/description.html
evaluation_details: templates/evaluation.html
terms_and_conditions: templates/terms.html
submission_guidelines: templates/guidelines.html
image: logo.jpg
evaluation_script: evaluation_script.zip
start_date: 2026-01-01 00:00:00
end_date: 2026-12-31 23:59:59
published: True
leaderboard:
  - id: 1
    schema:
      labels: [Hits, Total]
      default_order_by: Total
      metadata: {Hits: {sort_ascending: True, description: few}}
challenge_phases:
  - id: 1
    name: Dev phase
    codename: dev
    description: templates/phase.html
    start_date: 2026-01-01 00:00:00
    end_date: 2026-06-30 23:59:59
    test_annotation_file: annotations/dev.json
    max_submissions_per_day: 5
    max_submissions_per_month: 50
    max_submissions: 50
    allowed_submission_file_types: ".json, .zip"
dataset_splits:
  - {id: 1, name: Open, codename: open_split}
  - {id: 2, name: Secret, codename: secret_split}
challenge_phase_splits:
  - {challenge_phase_id: 1, leaderboard_id: 1, dataset_split_id: 1, visibility: 3}
  - {challenge_phase_id: 1, leaderboard_id: 1, dataset_split_id: 2, visibility: 1}
"""

EVALUATE: Final = """\
import json


def evaluate(annotation, user_file, phase_name, **kwargs):
    assert phase_name == "dev" and kwargs["submission_metadata"]["status"] == "running"
    truth, given = json.load(open(annotation)), json.load(open(user_file))
    hits = {split: len(set(given) & set(rows)) for split, rows in truth.items()}
    return {"result": [{split: {"Hits": n, "Total": 2.0 * n}} for split, n in hits.items()]}
"""


def codabench_files(*, code: bool = False) -> dict[str, str]:
    """Return a Codabench bundle of one task: results, or code with an ingestion program."""
    described = CODABENCH
    files = {
        "logo.png": "no picture",
        "pages/terms.md": "## Terms\n\nBe fair.\n",
        "pages/overview.html": "<h1>Seams</h1><p>See <img src='x.png'> <b>bold</b>.</p>",
        "pages/evaluation.md": "Accuracy\n---\n\n    ## code\n",
        "scoring/metadata.yaml": "command: python3 score.py\n",
        "scoring/score.py": SCORING,
        "dev/truth.txt": "ok bad ok bad",
        "public/train.txt": "ok bad",
        "solution/answer.txt": "ok bad ok ok",
        "__MACOSX/._logo.png": "junk",
        "dev/.DS_Store": "junk",
    }
    if code:
        described = described.replace(
            "    scoring_program: scoring\n",
            "    scoring_program: scoring\n    ingestion_program: ingestion\n"
            "    input_data: input\n",
        )
        files |= {
            "ingestion/metadata": "command: python $ingestion_program/ingest.py $input $output\n",
            "ingestion/ingest.py": INGESTION,
            "input/rows.txt": "1 2 3 4",
            "solution/model.py": "def predict(row):\n    return 'ok' if row in '13' else 'bad'\n",
        }
        del files["solution/answer.txt"]
    return {"competition.yaml": described, **files}


def evalai_files(root: Path) -> dict[str, str | bytes]:
    """Return an EvalAI challenge of one phase with an open and a hidden split."""
    script = write_zip(
        root / "evaluation_script.zip",
        {"__init__.py": "from .main import evaluate\n", "main.py": EVALUATE},
    )
    page = "<p>Words.</p>"
    names = ("description", "evaluation", "terms", "guidelines", "phase")
    return {
        "challenge_config.yaml": EVALAI,
        "logo.jpg": "no picture",
        "annotations/dev.json": '{"open_split": [1, 2, 3], "secret_split": [7, 8]}',
        "evaluation_script.zip": script.read_bytes(),
        **{f"templates/{name}.html": page for name in names},
    }


def write_folder(folder: Path, files: dict[str, str] | dict[str, str | bytes]) -> Path:
    """Write files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def write_zip(path: Path, files: dict[str, str] | dict[str, str | bytes]) -> Path:
    """Write files as a zip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path
