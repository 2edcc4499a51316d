"""Scores on Codabench as Baijing does: its `scoring` package and the problem lie beside this.

Reads the answer in /app/input/res and the truth in /app/input/ref, writes /app/output/scores.json.
An answer that is refused ends with status 1 and the reasons.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from scoring import InvalidSubmission, Scoring, SubmissionTable, score_answer  # noqa: E402
from scoring.program import run_scorer  # noqa: E402

ANSWER = Path("/app/input/res")
TRUTH = Path("/app/input/ref")
OUTPUT = Path("/app/output")


def main() -> int:
    """Score and write; 1 where the answer is refused or the scorer fails."""
    told = json.loads((HERE / "problem.json").read_text(encoding="utf-8"))
    scoring = Scoring.model_validate_json(json.dumps(told["scoring"]))
    if scoring.scorer is not None:
        result = run_scorer(HERE, ANSWER, TRUTH)
        if result["status"] != "ok":
            print(json.dumps(result, ensure_ascii=False), file=sys.stderr)
            return 1
        return _write(scoring.complete(dict(result["scores"])))  # type: ignore[call-overload]
    table = SubmissionTable.model_validate_json(json.dumps(told["table"]))
    try:
        scored = score_answer(ANSWER / told["file"], TRUTH, table, scoring)
    except InvalidSubmission as error:
        print(error, file=sys.stderr)
        return 1
    return _write(dict(scored.scores))


def _write(scores: dict[str, float]) -> int:
    (OUTPUT / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
