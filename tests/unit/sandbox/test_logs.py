import threading

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


@given(st.lists(st.binary(max_size=30), max_size=8))
def test_pieces_and_the_whole_agree(chunks: list[bytes]) -> None:
    cleaner = LogCleaner()
    pieces = "".join(cleaner.feed(chunk) for chunk in chunks) + cleaner.feed(b"", final=True)
    assert pieces == clean_log(b"".join(chunks))


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
