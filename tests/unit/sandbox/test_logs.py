import threading
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sandbox.logs import LogCapture, LogCleaner, clean_log
from sandbox.types import Limits


def limits(kept: int = 100, kill: int = 1000) -> Limits:
    return Limits(wall_s=1, memory_bytes=1, log_bytes=kept, log_kill_bytes=kill)


def test_cleaning() -> None:
    assert clean_log(b"\x1b[1;31mred\x1b[0m\n") == "red\n"
    assert clean_log(b"\x1b]0;title\x07x\x1b]8;;url\x1b\\y") == "xy"
    assert clean_log(b"a\x1bcb\x1b(Bc") == "abc"
    assert clean_log(b"one\r\ntwo\rthree\ttab") == "one\ntwo\nthree\ttab"
    assert clean_log("中\u202e文\u2066\x00\x9b\u200f".encode()) == "中文"
    assert clean_log(b"\xff\xfeok\xe4\xb8") == "\ufffd\ufffdok\ufffd"


def test_an_unfinished_sequence_is_held_back_and_dropped_or_finished() -> None:
    cleaner = LogCleaner()
    assert cleaner.feed(b"a\x1b[3") == "a"
    assert cleaner.feed(b"1mb\r") == "b"
    assert cleaner.feed(b"\nc") == "\nc"
    assert LogCleaner().feed(b"x\x1b[3", final=True) == "x3"


def cut(raw: bytes, sizes: list[int]) -> list[bytes]:
    chunks = []
    for size in sizes:
        chunks.append(raw[:size])
        raw = raw[size:]
    return [*chunks, raw]


def join(chunks: list[bytes]) -> str:
    cleaner = LogCleaner()
    return "".join(cleaner.feed(chunk) for chunk in chunks) + cleaner.feed(b"", final=True)


SIZES = st.lists(st.integers(0, 12), max_size=8)


@given(st.text(max_size=60), SIZES)
def test_pieces_and_the_whole_agree(text: str, sizes: list[int]) -> None:
    raw = text.encode(errors="ignore")
    assert join(cut(raw, sizes)) == clean_log(raw)


CHINESE = "第 3 轮：训练误差 0.125，验证误差 0.250\n加载数据……完成\nplain ascii\n"


def test_gbk_is_recognised_line_by_line() -> None:
    gbk = CHINESE.encode("gb18030")
    assert clean_log(gbk) == CHINESE
    mixed = gbk + "UTF-8 中文\n".encode() + b"caf\xe9 na\xefve\n"
    assert clean_log(mixed) == CHINESE + "UTF-8 中文\ncaf\ufffd na\ufffdve\n"


def test_gbk_cut_in_the_middle_of_a_character_or_line() -> None:
    gbk = CHINESE.encode("gbk")
    cleaner = LogCleaner()
    assert cleaner.feed(gbk[:1]) == ""
    assert cleaner.feed(gbk[1:12]) == ""
    assert cleaner.feed(gbk[12:]) == CHINESE


def test_a_line_without_an_end_is_not_held_for_ever() -> None:
    cleaner = LogCleaner()
    heard = "".join(cleaner.feed(b"\xd6\xd0" * 2000) for _ in range(5))
    assert len(heard) > 5000
    text = heard + cleaner.feed(b"", final=True)
    assert set(text) == {"中"}


def test_utf8_without_an_end_of_line_is_shown_at_once() -> None:
    cleaner = LogCleaner()
    assert cleaner.feed("训练中…".encode()) == "训练中…"


def test_the_whole_log_goes_into_the_file_up_to_the_cap(tmp_path: Path) -> None:
    file = tmp_path / "log"
    capture = LogCapture(limits(kept=10, kill=50), file=file)
    for _ in range(4):
        capture.feed(b"0123456789abcdef")
    capture.close()
    capture.feed(b"late")
    assert file.read_bytes() == (b"0123456789abcdef" * 4)[:50]
    assert capture.total == 68


def test_a_file_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    capture = LogCapture(limits(), file=tmp_path / "missing" / "log")
    capture.feed(b"x")
    capture.close()
    assert capture.text() == ("x", False)


def test_the_error_stream_is_known_by_itself() -> None:
    capture = LogCapture(limits(kept=10**6, kill=10**9))
    capture.feed(b"Traceback\n", is_error=True)
    capture.feed(b"printed before, read after\n")
    capture.feed(b"ValueError: x\n", is_error=True)
    assert capture.errors() == "Traceback\nValueError: x\n"
    capture.feed(b"y" * 10**6 + b"\nlast\n", is_error=True)
    assert capture.errors().endswith("y\nlast\n")
    assert len(capture.errors()) <= 128 << 10


@given(st.binary(max_size=300))
def test_clean_text_has_no_controls(raw: bytes) -> None:
    text = clean_log(raw)
    assert not any(ord(char) < 32 and char not in "\n\t" for char in text)
    assert not any(0x7F <= ord(char) < 0xA0 for char in text)
    text.encode()


def test_short_logs_are_whole() -> None:
    capture = LogCapture(limits())
    capture.feed(b"hello ")
    capture.feed(b"world")
    assert capture.text() == ("hello world", False)


def test_long_logs_keep_head_and_tail() -> None:
    capture = LogCapture(limits(kept=20))
    for number in range(100):
        capture.feed(b"%03d " % number)
    text, truncated = capture.text()
    assert truncated
    assert text == "000 001 00\n[... 380 bytes left out ...]\n7 098 099 "
    assert not capture.flooded.is_set()


def test_one_huge_chunk_keeps_its_ends() -> None:
    capture = LogCapture(limits(kept=4, kill=10**9))
    capture.feed(b"ab" + bytes(10**6) + b"yz")
    text, truncated = capture.text()
    assert truncated
    assert text.startswith("ab\n[")
    assert text.endswith("]\nyz")


def test_a_flood_is_noticed_and_no_longer_passed_on() -> None:
    heard: list[bytes] = []
    capture = LogCapture(limits(kill=100), heard.append)
    capture.feed(b"x" * 60)
    assert not capture.flooded.is_set()
    capture.feed(b"x" * 60)
    assert capture.flooded.is_set()
    assert heard == [b"x" * 60]


def test_a_raising_sink_is_ignored() -> None:
    def broken(_chunk: bytes) -> None:
        raise RuntimeError

    capture = LogCapture(limits(), broken)
    capture.feed(b"x")
    assert capture.text() == ("x", False)


def test_feeding_from_threads_loses_nothing() -> None:
    capture = LogCapture(limits(kept=10**6, kill=10**9))

    def feed_often() -> None:
        for _ in range(200):
            capture.feed(b"x" * 10)

    threads = [threading.Thread(target=feed_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert capture.text() == ("x" * 8000, False)


def test_a_sequence_between_the_two_marks_of_a_line_end_may_be_cut_off() -> None:
    raw = b"d\r\x1b[K\nnext"
    cleaner = LogCleaner()
    pieces = [cleaner.feed(raw[place : place + 1]) for place in range(len(raw))]

    assert "".join([*pieces, cleaner.feed(b"", final=True)]) == clean_log(raw) == "d\n\nnext"
