"""Scores as EvalAI does: calls the bundle's `evaluate` and reads the split of this board.

It is called with positions, because authors name its parameters as they like. An `evaluate` that
raises refuses the answer, as there, unless the error is of a kind that no answer can cause.
"""

import importlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from scoring import InvalidSubmission

ROOT = Path("/app")
PACKAGE = "challenge_data.challenge_1"
MAX_SHOWN = 500
OWN_FAULTS = (ImportError, SyntaxError, NameError, AttributeError)
METADATA = {
    "status": "running",
    "id": 0,
    "challenge_phase": 1,
    "participant_team": 0,
    "participant_team_name": "",
    "method_name": "",
    "method_description": "",
    "project_url": "",
    "publication_url": "",
    "input_file": "",
    "is_public": False,
}


def score(output: Path, truth: Path) -> dict[str, object]:
    """Score the answer in `output` with the annotations in `truth`."""
    told = json.loads((Path(__file__).parent / "bundle.json").read_text(encoding="utf-8"))
    split = json.loads((truth / "split.json").read_text(encoding="utf-8"))["split"]
    annotations = [path for path in (truth / "annotation").iterdir() if path.is_file()]
    beside = Path(__file__).resolve().parent  # where an export puts it
    sys.path.insert(0, str(beside if (beside / "challenge_data").is_dir() else ROOT))
    evaluate = importlib.import_module(PACKAGE).evaluate
    try:
        returned = evaluate(
            str(annotations[0]),
            str(output / told["answer"]),
            told["phase"],
            submission_metadata=dict(METADATA),
        )
    except InvalidSubmission:
        raise
    except OWN_FAULTS:
        raise
    except (Exception, SystemExit) as error:  # whatever an author raises
        shown = f"{type(error).__name__}: {error}"[:MAX_SHOWN]
        raise InvalidSubmission(
            zh=f"评测程序拒绝了这份答案：{shown}",
            en=f"the evaluation refused this answer: {shown}",
        ) from error
    return {"scores": read_result(returned, split, told)}


def read_result(returned: object, split: str, told: Mapping[str, object]) -> dict[str, object]:
    """Return the scores of one split by our columns; raise where `evaluate` broke its contract."""
    if not isinstance(returned, Mapping) or not isinstance(returned.get("result"), list):
        message = f"evaluate() returned no result: {returned!r}"[:MAX_SHOWN]
        raise TypeError(message)
    results: dict[str, object] = {}
    for part in returned["result"]:
        if not isinstance(part, Mapping):
            message = "evaluate() returned a result that is no list of mappings"
            raise TypeError(message)
        results.update({str(name): scores for name, scores in part.items()})
    known = told["splits"]
    unknown = sorted(set(results) - set(known if isinstance(known, list) else []))
    if unknown or split not in results:
        message = f"evaluate() names the splits {sorted(results)}; the phase has {known}"
        raise ValueError(message)
    scores, columns = results[split], told["columns"]
    if not isinstance(scores, Mapping) or not isinstance(columns, Mapping):
        message = f"the result of {split} is no mapping"
        raise TypeError(message)
    return {key: scores[name] for name, key in columns.items() if name in scores}
