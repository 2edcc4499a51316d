"""What waits inside a warm container: imports ahead, reads one line, becomes the program.

Started as `python -c SOURCE SECONDS MODULE ...` with the run's limits already on it. It says READY,
waits for one line of JSON ({"argv": [...], "env": {...}}) on its input, says GO, and then is the
program: a Python script runs in this interpreter, as `python script.py` would run it; anything
else replaces it. It uses the standard library alone and is trusted with nothing: whatever the
program does to it, it does to itself.

One thing differs: a part of a library that was imported ahead (`sklearn.metrics`) can be used by
a program that imported the library alone, where the library itself would not have allowed it.
"""

import sys

_BARE = frozenset(sys.modules)  # first of all: what any interpreter has loaded when it starts

import atexit  # noqa: E402
import contextlib  # noqa: E402
import ctypes  # noqa: E402
import gc  # noqa: E402
import importlib  # noqa: E402
import importlib.machinery  # noqa: E402
import io  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import runpy  # noqa: E402
import select  # noqa: E402
import signal  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
import types  # noqa: E402
import weakref  # noqa: E402

TYPE_CHECKING = False  # the name type checkers know; `typing` itself takes time to import
if TYPE_CHECKING:
    from collections.abc import Callable

READY = b"\x00baijing: ready\n"
GO = b"\x00baijing: go\n"
END = b"\x00baijing: end\n"
_LONGEST_LINE = 1 << 20
_UNFLUSHED = 120
"""What Python ends with when its last output could not be written."""


_PID = os.getpid()
_streams: list[tuple[int, tuple[int, int]]] = []
"""The output streams, and what they were before the program had them."""


def main() -> None:
    """Wait, then be the program; never returns."""
    seconds, *modules = sys.argv[1:]
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    _write(READY)
    request = json.loads(_read_line(float(seconds)))
    _close_input()
    os.environ.update(request["env"])  # the image's own variables stay
    _write(GO)
    _note_streams()
    argv = [str(word) for word in request["argv"]]
    if _can_run_here(argv):
        _run(argv)
    _become(argv)


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def _note_streams() -> None:
    _streams.extend((number, _identify(number)) for number in (1, 2))


def _identify(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def _say_end() -> None:
    """Say that nothing more will come, unless the program has closed or replaced the streams."""
    with contextlib.suppress(OSError):
        if all(_identify(number) == known for number, known in _streams):
            for number, _ in _streams:
                os.set_blocking(number, False)
                os.write(number, END)


def _read_line(seconds: float) -> bytes:
    """Return one line of the input; what follows is nobody's."""
    deadline = time.monotonic() + seconds
    line = bytearray()
    while b"\n" not in line:
        ready, _, _ = select.select([0], [], [], max(0.0, deadline - time.monotonic()))
        piece = os.read(0, _LONGEST_LINE) if ready else b""
        if not piece or len(line) > _LONGEST_LINE:
            os._exit(0)  # nobody came, or whoever came has gone
        line += piece
    return bytes(line.partition(b"\n")[0])


def _close_input() -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


def _can_run_here(argv: list[str]) -> bool:
    """Tell whether this interpreter can be the one that the command asks for.

    A file beside the program hides a module of the same name; once that module is imported, it
    would not. Then a fresh interpreter is right, and slower.
    """
    if len(argv) < 2 or argv[0] not in {"python", "python3"}:
        return False
    if argv[1] == "-m" and len(argv) > 2:
        folder = os.getcwd()
    elif argv[1].endswith(".py") and not argv[1].startswith("-") and os.path.isfile(argv[1]):
        folder = os.path.dirname(os.path.realpath(argv[1]))
    else:
        return False
    loaded = {name.partition(".")[0] for name in sys.modules if name not in _BARE}
    beside = {name.partition(".")[0] for name in os.listdir(folder)}
    return not sys.flags.safe_path and not loaded & beside


def _become(argv: list[str]) -> None:
    """Replace this process; what Python changed about signals is undone, as a shell would do."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(argv[0], argv)
    except FileNotFoundError as error:
        status, reason = 127, error.strerror
    except OSError as error:
        status, reason = 126, error.strerror
    print(f"{argv[0]}: {reason}", file=sys.stderr)
    os._exit(status)


def _run(argv: list[str]) -> None:
    """Run a script, or a module with -m, as `python` does; never returns."""
    sys.orig_argv = list(argv)
    module = types.ModuleType("__main__")
    facts: dict[str, object] = {"__annotations__": {}, "__builtins__": sys.modules["builtins"]}
    if argv[1] == "-m":
        name, run = argv[2], runpy._run_module_as_main  # type: ignore[attr-defined]
        sys.argv = ["-m", *argv[3:]]
        sys.path[0] = os.getcwd()
    else:
        name, run = os.path.abspath(argv[1]), _run_script
        sys.argv = argv[1:]
        sys.path[0] = os.path.dirname(os.path.realpath(name))
        facts["__loader__"] = importlib.machinery.SourceFileLoader("__main__", name)
        facts |= {"__file__": name, "__cached__": None}
    vars(module).update(facts)
    sys.modules["__main__"] = module
    del module  # nothing of ours may keep the program's things alive at its end
    _end(_outcome(run, name))


def _run_script(name: str) -> None:
    """Run a script's text as the main module."""
    with open(name, "rb") as source:
        text = source.read()
    exec(compile(text, name, "exec", dont_inherit=True), vars(sys.modules["__main__"]))


def _outcome(run: "Callable[[str], object]", name: str) -> int:
    """Run the program and return its exit status, negative for a signal."""
    failure: BaseException | None = None
    try:
        run(name)
    except SystemExit as ending:
        return _exit_status(ending.code)
    except BaseException as error:
        failure = error
    if failure is None:
        return 0
    _report(failure)  # out here: what a hook raises has no context of ours
    return -signal.SIGINT if isinstance(failure, KeyboardInterrupt) else 1


def _exit_status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    with contextlib.suppress(Exception):
        print(code, file=sys.stderr)
    return 1


def _report(error: BaseException) -> None:
    """Show an uncaught exception from the program's own first frame on."""
    _drop_our_frames(error)
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except BaseException as raised:
        second = raised
    else:
        return
    _drop_our_frames(second)
    print("Error in sys.excepthook:", file=sys.stderr)
    sys.__excepthook__(type(second), second, second.__traceback__)
    print("\nOriginal exception was:", file=sys.stderr)
    sys.__excepthook__(type(error), error, error.__traceback__)


def _drop_our_frames(error: BaseException) -> None:
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_globals is globals():
        frames = frames.tb_next
    error.__traceback__ = frames


def _end(status: int) -> None:
    """End as the interpreter does, but for taking the libraries apart, which nobody sees.

    Threads are waited for, then the exit functions run, then what the program made is let go of
    (its open files are written), then the streams are flushed: Python's own order.
    """
    with contextlib.suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    with contextlib.suppress(BaseException):
        _let_go()
    if not _flush() and status >= 0:
        status = _UNFLUSHED
    with contextlib.suppress(Exception):
        ctypes.CDLL(None).fflush(None)  # what C libraries printed
    if os.getpid() == _PID and threading.active_count() == 1:
        _say_end()
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def _let_go() -> None:
    """Drop the program's modules, so that what they hold is finalised and its files are written.

    First by letting go, then by force where something still holds on: Python's own way.
    """
    folder = os.path.join(sys.path[0], "")
    own = [
        name
        for name, module in list(sys.modules.items())
        if name == "__main__" or str(getattr(module, "__file__", None) or "").startswith(folder)
    ]
    left = [weakref.ref(sys.modules.pop(name)) for name in own]
    gc.collect()
    for reference in reversed(left):
        module = reference()
        names = vars(module) if module is not None else {}
        for name in sorted(names, key=lambda each: not each.startswith("_")):
            if name != "__builtins__":
                names[name] = None
    gc.collect()
    for each in gc.get_objects():
        with contextlib.suppress(Exception):
            if isinstance(each, io.IOBase) and each is not sys.stdout and each is not sys.stderr:
                each.flush()


def _flush() -> bool:
    done = True
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except Exception:
            done = stream is not sys.stdout and done
    return done


if __name__ == "__main__":
    main()
