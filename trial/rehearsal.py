"""Do with a submission what the site does with it, on public data: check, run, score."""

import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from problems.evaluation import SCORER_COMMAND
from problems.spec import Kind
from sandbox import LogSink, Run, RunResult, Sandbox, execute_ready
from sandbox.entrypoint import find_command
from sandbox.gpu import pick_free
from sandbox.manifest import find_manifest
from scoring import (
    InvalidScores,
    InvalidSubmission,
    Keys,
    Message,
    RunFacts,
    ScorerError,
    ScoreResult,
    TruthError,
    read_answer,
    read_program_result,
    score_answer,
)
from scoring.program_result import RESULT_FILE
from trial.excerpts import read_excerpt
from trial.owners import own_name
from trial.public_data import SCORER
from trial.request import TrialRequest
from trial.running import (
    SCORER_IMAGE,
    SCORER_LIMITS,
    add_reported,
    check_output,
    code_limits,
    measure_facts,
    wanted_files,
)
from trial.uploads import Fault, UploadError, check_code, check_predictions, most_bytes
from trial.verdict_messages import SCORER_FAULT, explain_run

SEED: Final = "1"
"""The site gives each submission its own number; a program must do well with any."""

NOT_SCORED: Final = Message.custom(
    "格式已检查。赛题没有公开与试运行输入对应的真值，因此这里没有分数。",
    "The form was checked. No truth of the public input is published, so there is no score here.",
)
ONLY_CHECKED: Final = Message.custom(
    "网站会接受这个文件；真值不公开，分数须提交后才知道。",
    "The site accepts this file. Its truth is not public: the score is known after handing it in.",
)
KEYS_UNKNOWN: Final = Message.custom(
    "无法检查编号是否齐全：赛题没有公开样例答案。",
    "Whether every id is there could not be checked: the problem publishes no sample answer.",
)
FOREIGN: Final = Message.custom(
    "该赛题由其他平台导入，其程序不公开：只检查了压缩包，没有运行。",
    "This problem was imported and its programs are not public: the archive alone was checked.",
)
NO_INPUT: Final = Message.custom(
    "赛题没有公开的输入数据：只检查了压缩包，没有运行。",
    "The problem publishes no input: the archive alone was checked.",
)


class InterruptedTrialError(Exception):
    """The person does not want to know any more."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a trial ended. Without a `verdict` nothing was found that the site would object to.

    `notes` say what could not be looked at.
    """

    verdict: str = ""
    messages: tuple[Message, ...] = ()
    notes: tuple[Message, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    run: RunResult | None = None
    excerpt: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a trial works with: an empty folder, a sandbox when one is needed, who is told."""

    folder: Path
    open_sandbox: Callable[[], Sandbox]
    log: LogSink
    progress: Callable[[str], None]
    cancel: threading.Event = field(default_factory=threading.Event)


def rehearse(asked: TrialRequest, around: Surroundings) -> Ending:
    """Check a submission as at upload, run it, and score it where there is a public truth.

    Raises:
        UploadError: the site would refuse it at once.
        SandboxError: nothing can be run on this machine, with the reason.
        InterruptedTrialError: it was cancelled.
    """
    _check_kind_and_size(asked)
    if asked.kind is Kind.CODE:
        return _try_code(asked, around)
    keys = _sample_keys(asked)
    answer = around.folder / asked.spec.submission.file
    shutil.copyfile(asked.submission, answer)
    check_predictions(answer, asked.spec, keys)
    has_table = asked.spec.submission.table is not None
    return Ending(notes=(ONLY_CHECKED, *((KEYS_UNKNOWN,) if has_table and keys is None else ())))


def _check_kind_and_size(asked: TrialRequest) -> None:
    if asked.kind not in asked.spec.submission.kinds:
        kinds = ", ".join(asked.spec.submission.kinds)
        told = Message.custom(f"该赛题只接受：{kinds}。", f"This problem takes {kinds} alone.")
        raise UploadError([Fault(told)])
    size, limit = asked.submission.stat().st_size, most_bytes(asked.spec, asked.kind)
    if size > limit:
        raise UploadError([Fault(Message("too_large", {"size": size, "limit": limit}))])


def _try_code(asked: TrialRequest, around: Surroundings) -> Ending:
    code = around.folder / "code"
    check_code(asked.submission, code, asked.spec, find_manifest(asked.spec.resources.image))
    if asked.spec.bundle is not None:
        return Ending(notes=(FOREIGN,))
    if asked.input is None:
        return Ending(notes=(NO_INPUT,))
    answer = around.folder / "answer"
    answer.mkdir()
    run = _run_code(asked, around, code, answer)
    if run.verdict is not None:
        told = explain_run(run, asked.spec)
        ending = Ending(run.verdict.value, (told,), run=run)
    else:
        ending = _judge(asked, around, answer, measure_facts(run, code))
    return replace(ending, run=run, excerpt=read_excerpt(code, run))


def _run_code(asked: TrialRequest, around: Surroundings, code: Path, answer: Path) -> RunResult:
    resources = asked.spec.resources
    sandbox = around.open_sandbox()
    with pick_free(resources.gpus, asked.state / "gpus") as devices:
        run = Run(
            image=resources.image,
            command=find_command(code),
            code=code,
            input=asked.input,
            output=answer,
            limits=code_limits(resources),
            collect=wanted_files(asked.spec),
            env={"SEED": SEED},
            devices=devices,
            owner=own_name(),
        )
        result = execute_ready(sandbox, run, around.progress, log=around.log, cancel=around.cancel)
    if result.cancelled:
        raise InterruptedTrialError
    return result


def _judge(asked: TrialRequest, around: Surroundings, answer: Path, facts: RunFacts) -> Ending:
    """Check what a run answered, and score it: with the verdicts of the site."""
    try:
        file = answer / asked.spec.submission.file
        told = check_output(file, asked.spec, _output_keys(asked))
        result = _score(asked, around, answer, add_reported(facts, answer, asked.spec))
    except InvalidSubmission as error:
        return Ending("invalid_output", error.messages)
    except InvalidScores as error:
        return Ending("invalid_scores", error.messages)
    except (ScorerError, TruthError) as error:
        return Ending("scorer_error", (SCORER_FAULT, *error.messages))
    if result is None:
        return Ending(notes=(*told, NOT_SCORED))
    return Ending(notes=told, scores=result.scores)


def _score(
    asked: TrialRequest, around: Surroundings, answer: Path, facts: RunFacts
) -> ScoreResult | None:
    """Return the scores on the public truth; None: its scorer is not public."""
    spec, truth = asked.spec, asked.truth
    table = spec.submission.table
    if truth is None:
        return None
    if spec.scoring.scorer is not None:
        return _run_scorer(asked, around, answer, facts) if asked.scorer else None
    if table is None:
        return None
    return score_answer(answer / spec.submission.file, truth, table, spec.scoring, facts)


def _run_scorer(
    asked: TrialRequest, around: Surroundings, answer: Path, facts: RunFacts
) -> ScoreResult:
    """Run the public copy of the pack's scorer in a sandbox of its own."""
    code, output = around.folder / "scorer", around.folder / "scores"
    code.mkdir()
    output.mkdir()
    shutil.copyfile(asked.scorer or "", code / SCORER)
    run = Run(
        image=SCORER_IMAGE,
        command=SCORER_COMMAND,
        code=code,
        output=output,
        limits=SCORER_LIMITS,
        collect=(RESULT_FILE,),
        mounts={"/answer": answer, "/truth": asked.truth or Path()},
        owner=own_name(),
    )
    result = execute_ready(around.open_sandbox(), run, around.progress, cancel=around.cancel)
    if result.cancelled:
        raise InterruptedTrialError
    if result.verdict is not None:
        message = f"{result.verdict}: {result.message}\n{result.log[-2000:]}"
        raise ScorerError(message)
    return read_program_result(output / RESULT_FILE, asked.spec.scoring, facts)


def _output_keys(asked: TrialRequest) -> Keys | None:
    """Return the keys an answer to the public input must hold, where they are known."""
    table = asked.spec.submission.table
    if table is None:
        return None
    if asked.truth is not None and asked.spec.scoring.scorer is None:
        return Keys.from_truths([asked.truth], table)
    return _sample_keys(asked) if asked.keys_of_sample else None


def _sample_keys(asked: TrialRequest) -> Keys | None:
    """Return the keys of the sample answer: a pack is published only where they are complete."""
    spec = asked.spec
    if asked.sample is None or spec.submission.table is None or spec.scoring.scorer is not None:
        return None
    try:
        sample = read_answer(asked.sample, spec.submission.table, spec.table_formats)
    except InvalidSubmission:  # an imported problem's may be anything
        return None
    return Keys({name: sample.columns[name] for name in spec.submission.table.key})
