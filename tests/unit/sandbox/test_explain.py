"""What is found in logs: the shapes interpreters really print, and what hostile programs forge."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.explain import find_error, find_stack
from sandbox.logs import clean_log
from sandbox.types import ProgramError

SIMPLE = """\
epoch 1
Traceback (most recent call last):
  File "/code/main.py", line 10, in <module>
    main()
  File "/code/pkg/model.py", line 31, in predict
    return table[key]
           ~~~~~^^^^^
  File "/opt/venv/lib/python3.11/site-packages/pandas/core/frame.py", line 3807, in __getitem__
    indexer = self.columns.get_loc(key)
KeyError: 'label'
"""


def test_the_innermost_own_frame_is_named() -> None:
    assert find_error(SIMPLE) == ProgramError("KeyError", "'label'", "pkg/model.py", 31, "predict")


def test_of_chained_exceptions_the_last_counts() -> None:
    chained = SIMPLE + (
        "\nDuring handling of the above exception, another exception occurred:\n\n"
        "Traceback (most recent call last):\n"
        '  File "/code/main.py", line 14, in <module>\n'
        "    raise RuntimeError('no label') from None\n"
        "RuntimeError: no label\n"
    )
    assert find_error(chained) == ProgramError(
        "RuntimeError", "no label", "main.py", 14, "<module>"
    )


def test_a_main_file_that_does_not_compile_has_no_header() -> None:
    log = (
        '  File "/code/main.py", line 3\n'
        "    def f(\n"
        "         ^\n"
        "SyntaxError: '(' was never closed\n"
    )
    assert find_error(log) == ProgramError("SyntaxError", "'(' was never closed", "main.py", 3, "")


def test_an_imported_file_that_does_not_compile_is_the_place() -> None:
    log = (
        "Traceback (most recent call last):\n"
        '  File "/code/main.py", line 1, in <module>\n'
        "    import model\n"
        '  File "/code/model.py", line 7\n'
        "    if x = 1:\n"
        "       ^^^^^\n"
        "SyntaxError: invalid syntax. Maybe you meant '==' or ':=' instead of '='?\n"
    )
    error = find_error(log)
    assert error is not None
    assert (error.file, error.line, error.function) == ("model.py", 7, "")


def test_recursion() -> None:
    log = (
        "Traceback (most recent call last):\n"
        '  File "/code/main.py", line 5, in <module>\n'
        "    f(0)\n"
        '  File "/code/main.py", line 2, in f\n'
        "    return f(n + 1)\n"
        "           ^^^^^^^^\n"
        "  [Previous line repeated 995 more times]\n"
        "RecursionError: maximum recursion depth exceeded\n"
    )
    assert find_error(log) == ProgramError(
        "RecursionError", "maximum recursion depth exceeded", "main.py", 2, "f"
    )


def test_a_message_of_several_lines_is_kept_and_bounded() -> None:
    head = 'Traceback (most recent call last):\n  File "/code/a.py", line 1, in f\n    g()\n'
    error = find_error(head + "torch.cuda.OutOfMemoryError: CUDA out of memory.\nTried 2 GiB\n")
    assert error is not None
    assert (error.type, error.message) == (
        "torch.cuda.OutOfMemoryError",
        "CUDA out of memory.\nTried 2 GiB",
    )
    long = find_error(head + "ValueError: " + "x" * 5000 + "\n" + "y\n" * 400)
    assert long is not None
    assert len(long.message) == 1000


def test_an_exception_without_words() -> None:
    log = 'Traceback (most recent call last):\n  File "/code/a.py", line 1, in f\nStop\n'
    assert find_error(log) == ProgramError("Stop", "", "a.py", 1, "f")


def test_what_the_interpreter_ignored_is_not_the_reason() -> None:
    ignored = (
        "Exception ignored in: <function Pool.__del__ at 0x7f>\n"
        "Traceback (most recent call last):\n"
        '  File "/code/pool.py", line 99, in __del__\n'
        "    raise OSError\n"
        "OSError: closed\n"
    )
    error = find_error(SIMPLE + ignored)
    assert error is not None
    assert error.type == "KeyError"
    alone = find_error(ignored)
    assert alone is not None
    assert alone.type == "OSError"


def test_an_exception_group() -> None:
    log = (
        "  + Exception Group Traceback (most recent call last):\n"
        '  |   File "/code/main.py", line 5, in <module>\n'
        '  |   File "/code/main.py", line 4, in f\n'
        "  | ExceptionGroup: g (2 sub-exceptions)\n"
        "  +-+---------------- 1 ----------------\n"
        "    | ValueError: a\n"
        "    +------------------------------------\n"
    )
    error = find_error(log)
    assert error is not None
    assert (error.type, error.file, error.line) == ("ExceptionGroup", "main.py", 4)


def test_a_remote_traceback_of_a_worker_process() -> None:
    log = (
        "multiprocessing.pool.RemoteTraceback: \n"
        '"""\n'
        "Traceback (most recent call last):\n"
        '  File "/usr/lib/python3.11/multiprocessing/pool.py", line 125, in worker\n'
        "    result = (True, func(*args, **kwds))\n"
        '  File "/code/work.py", line 8, in fit\n'
        "    1 / 0\n"
        "ZeroDivisionError: division by zero\n"
        '"""\n\n'
        "The above exception was the direct cause of the following exception:\n\n"
        "Traceback (most recent call last):\n"
        '  File "/code/main.py", line 4, in <module>\n'
        "    pool.map(fit, range(9))\n"
        '  File "/usr/lib/python3.11/multiprocessing/pool.py", line 367, in map\n'
        "    return self._map_async(func, iterable, mapstar, chunksize).get()\n"
        "ZeroDivisionError: division by zero\n"
    )
    error = find_error(log)
    assert error is not None
    assert (error.type, error.file, error.line) == ("ZeroDivisionError", "main.py", 4)


def test_an_exception_outside_the_code_has_no_place() -> None:
    log = (
        "Traceback (most recent call last):\n"
        '  File "<string>", line 1, in <module>\n'
        '  File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode\n'
        "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)\n"
    )
    assert find_error(log) == ProgramError(
        "json.decoder.JSONDecodeError", "Expecting value: line 1 column 1 (char 0)", "", 0, ""
    )


@pytest.mark.parametrize(
    "log",
    [
        "",
        "all is well\n",
        "Traceback (most recent call last):\n",
        "Traceback (most recent call last):\n  File",
        'Traceback (most recent call last):\n  File "/code/a.py", line 1, in f\n',
        'Traceback (most recent call last):\n  File "/code/a.py", line 1, in f\n!!! no error\n',
    ],
)
def test_no_error_where_none_is_told(log: str) -> None:
    assert find_error(log) is None


@pytest.mark.parametrize(
    "path", ["/code/../etc/passwd", "/etc/passwd", "/code//a.py", "/code/", "../a.py", "/code/./a"]
)
def test_a_forged_path_is_no_place(path: str) -> None:
    log = f'Traceback (most recent call last):\n  File "{path}", line 1, in f\nValueError: x\n'
    error = find_error(log)
    assert error is not None
    assert error.file == ""


def test_forged_control_characters_and_numbers_do_no_harm() -> None:
    raw = (
        b"Traceback (most recent call last):\n"
        b'  File "/code/a\x1b[31m\xe2\x80\xae.py", line 999999999, in f\x07\x1b]0;x\x07\n'
        b"ValueError: \x1b[2J\x07hello\n"
    )
    error = find_error(clean_log(raw))
    assert error == ProgramError("ValueError", "hello", "a.py", 10_000_000, "f")


@given(
    st.text(
        alphabet='Traceback (most recnt ls):\n  File "/code/a.py", line 1 in f|+^<>.\x1b',
        max_size=400,
    )
)
def test_any_log_is_read(log: str) -> None:
    error = find_error(log)
    assert error is None or (len(error.message) <= 1000 and error.line <= 10_000_000)
    assert len(find_stack(log)) < 1200


def test_a_large_hostile_log_is_read_in_no_time() -> None:
    for line in (
        '  File "' + "a" * 500,
        "Traceback (most recent call last):",
        " | + " * 50,
        "    x",
    ):
        begun = time.process_time()
        find_error((line + "\n") * 20_000)
        find_stack((line + "\n") * 20_000)
        assert time.process_time() - begun < 20


def test_the_stack_of_a_real_program_is_found(tmp_path: Path) -> None:
    """What the fault handler of this very Python writes is what is read."""
    script = tmp_path / "main.py"
    script.write_text(
        "import faulthandler, os\n"
        "faulthandler.register(28, file=2, all_threads=False)\n"
        "def 预测():\n"
        "    os.kill(os.getpid(), 28)\n"
        "预测()\n",
        encoding="utf-8",
    )
    ended = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True
    )
    log = ended.stderr.replace(str(tmp_path), "/code")
    assert find_stack(log) == "预测() in main.py, line 4"


def test_a_crash_of_the_interpreter_is_located() -> None:
    log = (
        "Fatal Python error: Segmentation fault\n\n"
        "Current thread 0x00007f1e (most recent call first):\n"
        '  File "/usr/lib/python3.11/ctypes/__init__.py", line 517 in string_at\n'
        '  File "/code/main.py", line 2 in crash\n'
        '  File "/code/main.py", line 3 in <module>\n'
    )
    assert find_error(log) == ProgramError(
        "Fatal Python error", "Segmentation fault", "main.py", 2, "crash"
    )


def test_stacks() -> None:
    dump = (
        "Stack (most recent call first):\n"
        '  File "/opt/venv/lib/python3.11/site-packages/numpy/core.py", line 4 in dot\n'
        '  File "/code/model.py", line 31 in predict\n'
        '  File "/code/main.py", line 3 in <module>\n'
    )
    assert find_stack(f"a\n{dump}b\n") == "predict() in model.py, line 31"
    at_the_top = 'Stack (most recent call first):\n  File "/code/main.py", line 3 in <module>\n'
    assert find_stack(at_the_top) == "main.py, line 3"
    crash = (
        'Current thread 0x00007f12 (most recent call first):\n  File "/code/a.py", line 2 in f\n'
    )
    assert find_stack(crash) == "f() in a.py, line 2"
    assert find_stack("Stack (most recent call first):\n  <no Python frame>\n") == ""
    assert find_stack("") == ""
