"""The command line: run one program, or build an image. Knows no web and no database.

python -m sandbox run --image python-cpu --code DIR --input DIR --output DIR [...] --json
python -m sandbox image build python-cpu [--base-image REFERENCE] [--wheels DIR]
python -m sandbox image wheels python-cpu DIR [--python 3.12]
python -m sandbox image describe python-cpu [--wheels DIR]

Exit status of `run`: 0 the program finished by itself with status 0 (and its answers), 1 it did
not, 2 the request was unusable or the engine unreachable.
"""

import argparse
import dataclasses
import json
import platform
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from sandbox.archive import ArchiveError
from sandbox.choose import choose_sandbox
from sandbox.docker import Engine, ImageStore
from sandbox.entrypoint import find_command
from sandbox.gpu import pick_free
from sandbox.manifest import describe_wheels
from sandbox.recipes import PYTHONS, find_recipe
from sandbox.types import Limits, Run, RunResult, Sandbox, SandboxError
from sandbox.wheels import download_wheels

INSTALLATION = "command-line"
_STATE = Path.home() / ".cache" / "baijing" / "sandbox"
_UNITS = {"": 1, "B": 1, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}
_LOG_TAIL = 16_384
_UNUSABLE = 2


def byte_count(text: str) -> int:
    """Return "256MiB" as bytes; raise ValueError for what is not a positive count."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", text)
    if found is None or found[2].upper() not in _UNITS:
        message = f"{text!r} is not a size like 256MiB"
        raise ValueError(message)
    count = int(float(found[1]) * _UNITS[found[2].upper()])
    if count <= 0:
        message = f"{text!r} is nothing"
        raise ValueError(message)
    return count


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.act(options))
    except (SandboxError, ArchiveError, ValueError, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return _UNUSABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description=(__doc__ or "").split("\n")[0]
    )
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="run one program and print how it ended")
    run.add_argument("--image", default="python-cpu")
    run.add_argument("--code", type=Path, required=True, help="folder with main.py or run.sh")
    run.add_argument("--input", type=Path, help="folder for /input")
    run.add_argument("--output", type=Path, required=True, help="folder for the answers")
    run.add_argument("--time", type=float, default=60.0, metavar="SECONDS")
    run.add_argument("--memory", type=byte_count, default=byte_count("1GiB"))
    run.add_argument("--cpus", type=float, default=1.0)
    run.add_argument("--gpus", type=int, default=0, help="how many of the free GPUs (Docker)")
    run.add_argument("--output-limit", type=byte_count, default=byte_count("256MiB"))
    run.add_argument("--backend", choices=("auto", "docker", "bubblewrap"), default="auto")
    run.add_argument("--runtime", help="the engine's runtime, such as runsc")
    run.add_argument(
        "--collect", action="append", metavar="NAME", help="an answer that must be there"
    )
    run.add_argument("--state-dir", type=Path, default=_STATE)
    run.add_argument("--json", action="store_true", help="print JSON (the default and only form)")
    run.set_defaults(act=_run)
    _add_image_commands(commands.add_parser("image", help="build images"))
    return parser


def _add_image_commands(parser: argparse.ArgumentParser) -> None:
    image = parser.add_subparsers(required=True)
    build = image.add_parser("build", help="build an image for the Docker engine")
    build.add_argument("name")
    build.add_argument("--base-image", help="default: the public Python image, else debootstrap")
    build.add_argument("--wheels", type=Path, help="a folder that has every package")
    build.add_argument("--state-dir", type=Path, default=_STATE)
    build.set_defaults(act=_build)
    wheels = image.add_parser("wheels", help="download every package, for a machine without index")
    wheels.add_argument("name")
    wheels.add_argument("folder", type=Path)
    wheels.add_argument("--python", choices=PYTHONS, default=PYTHONS[0], help="the base image's")
    wheels.set_defaults(act=_wheels)
    describe = image.add_parser("describe", help="write a recipe's packages.json from its wheels")
    describe.add_argument("name")
    describe.add_argument("--wheels", type=Path, help="a folder that has every package")
    describe.add_argument("--python", choices=PYTHONS, default=PYTHONS[0])
    describe.set_defaults(act=_describe)


def _run(options: argparse.Namespace) -> int:
    limits = Limits(
        wall_s=options.time,
        memory_bytes=options.memory,
        cpus=options.cpus,
        gpus=options.gpus,
        output_bytes=options.output_limit,
    )
    command = find_command(options.code)
    sandbox, reason = choose_sandbox(
        options.backend,
        runtime=options.runtime,
        state_dir=options.state_dir,
        installation=INSTALLATION,
        progress=_progress,
    )
    _progress(f"{sandbox.name}: {reason}")
    try:
        result = _execute(sandbox, options, command, limits)
    finally:
        sandbox.close()
    print(json.dumps(_document(result), ensure_ascii=False))
    return 0 if result.verdict is None and not result.cancelled else 1


def _execute(
    sandbox: Sandbox, options: argparse.Namespace, command: tuple[str, ...], limits: Limits
) -> RunResult:
    sandbox.reap(lambda _owner: True)  # what an earlier command line left behind when it was killed
    options.output.mkdir(parents=True, exist_ok=True)
    with (
        pick_free(options.gpus, options.state_dir / "gpus") as devices,
        tempfile.TemporaryDirectory(dir=options.output, prefix=".collecting-") as fresh,
    ):
        run = Run(
            image=options.image,
            command=command,
            code=options.code,
            input=options.input,
            output=Path(fresh),
            limits=limits,
            collect=tuple(options.collect) if options.collect else None,
            devices=devices,
        )
        result = sandbox.execute(run, cancel=_cancelled_by_signals())
        _move_answers(Path(fresh), options.output)
    return result


def _move_answers(fresh: Path, output: Path) -> None:
    """Put what was collected in its place, over what an earlier run left there."""
    for path in sorted(fresh.rglob("*")):
        if path.is_file():
            target = output / path.relative_to(fresh)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)


def _build(options: argparse.Namespace) -> int:
    images = ImageStore(
        Engine(), options.state_dir, base_image=options.base_image, wheels=options.wheels
    )
    print(images.ensure(options.name, _progress))
    return 0


def _wheels(options: argparse.Namespace) -> int:
    recipe = find_recipe(options.name)
    download_wheels(recipe.requirements, options.folder, options.python, platform.machine())
    print(options.folder)
    return 0


def _describe(options: argparse.Namespace) -> int:
    """Write the document after the lock was renewed; the wheels go again."""
    recipe = find_recipe(options.name)
    with tempfile.TemporaryDirectory() as folder:
        wheels = Path(folder)
        machine = platform.machine()
        download_wheels(recipe.requirements, wheels, options.python, machine, source=options.wheels)
        document = describe_wheels(recipe.name, wheels).to_json()
    recipe.packages.write_text(document, encoding="utf-8")
    print(recipe.packages)
    return 0


def _document(result: RunResult) -> dict[str, object]:
    document = dataclasses.asdict(dataclasses.replace(result, phases={}))
    log = document.pop("log")
    document["log_tail"] = log[-_LOG_TAIL:]
    document["log_truncated"] = result.log_truncated or len(log) > _LOG_TAIL
    document["phases"] = {name: round(seconds, 4) for name, seconds in result.phases.items()}
    return document


def _cancelled_by_signals() -> threading.Event:
    """Turn Ctrl-C and SIGTERM into a cancel, so that nothing stays behind."""
    cancel = threading.Event()

    def request(_number: int, _frame: FrameType | None) -> None:
        cancel.set()

    signal.signal(signal.SIGINT, request)
    signal.signal(signal.SIGTERM, request)
    return cancel


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
