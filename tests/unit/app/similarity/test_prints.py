"""What survives a thief's pains, and what honest work has in common without one."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.similarity.answer_prints import MOST_BYTES, SAMPLE, Sample, read_places, sample_places
from app.similarity.code_prints import GRAM, WINDOW, hashes_of, match_prints, print_files
from app.similarity.comparing import common_hashes, compare_answers, compare_codes
from app.similarity.tokens import tokenise
from scoring.spec import ColumnKind, ColumnType, SubmissionTable

ORIGINAL = '''
"""Our solution."""
import numpy as np
from sklearn.ensemble import RandomForestClassifier

def features(image):
    # edges first
    rows = np.abs(np.diff(image, axis=0)).mean()
    columns = np.abs(np.diff(image, axis=1)).mean()
    spread = image.std() / (image.mean() + 1e-6)
    return [rows, columns, spread, np.percentile(image, 95)]

def train(images, labels):
    model = RandomForestClassifier(n_estimators=300, max_depth=12)
    return model.fit([features(one) for one in images], labels)
'''
DISGUISED = """
import numpy as np
from sklearn.ensemble import RandomForestClassifier



def get_feats(img):
    a = np.abs(np.diff(img, axis=0)).mean()   # our own idea
    b = np.abs(np.diff(img, axis=1)).mean()
    c = img.std() / (img.mean() + 1e-9)
    return [a, b, c, np.percentile(img, 90)]


def fit_it(xs, ys):
    rf = RandomForestClassifier(n_estimators=500, max_depth=8)
    return rf.fit([get_feats(x) for x in xs], ys)
"""
OTHER = """
import csv, math, sys

class Grid:
    def __init__(self, width, height):
        self.cells = [[0] * width for _ in range(height)]

    def neighbours(self, x, y):
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                if dx or dy:
                    yield self.cells[(y + dy) % len(self.cells)][(x + dx) % len(self.cells[0])]

with open(sys.argv[1]) as source:
    for record in csv.DictReader(source):
        print(math.hypot(float(record["x"]), float(record["y"])))
"""
TABLE = SubmissionTable(
    key=("id",),
    columns={"id": ColumnType(type=ColumnKind.STRING), "score": ColumnType(type=ColumnKind.NUMBER)},
)


def prints(*texts: str) -> dict[int, np.ndarray]:
    return {number: hashes_of(print_files({"main.py": text})) for number, text in enumerate(texts)}


def test_renaming_reformatting_and_new_comments_hide_nothing() -> None:
    (found,) = compare_codes(prints(ORIGINAL, DISGUISED, OTHER))
    assert (found.first, found.second) == (0, 1)
    assert found.share > 0.9


def test_the_matching_lines_are_named_on_both_sides() -> None:
    ours, theirs = print_files({"main.py": ORIGINAL}), print_files({"src/m.py": DISGUISED})
    best = match_prints(ours, theirs, frozenset())[0]
    assert (best.path, best.other_path) == ("main.py", "src/m.py")
    assert best.first <= 8
    assert best.last >= 14
    assert best.other_first <= 8
    assert best.other_last >= 15


def test_code_that_everybody_was_given_proves_nothing() -> None:
    given_code = hashes_of(print_files({"starter.py": ORIGINAL}))
    assert compare_codes(prints(ORIGINAL, DISGUISED), [given_code]) == []
    common = frozenset(common_hashes(prints(ORIGINAL), [given_code]).tolist())
    ours = print_files({"main.py": ORIGINAL})
    assert match_prints(ours, ours, common) == []


def test_what_a_fifth_of_all_teams_have_proves_nothing() -> None:
    assert compare_codes(prints(*[ORIGINAL] * 6)) == []
    assert len(compare_codes(prints(*[ORIGINAL] * 3))) == 3


@given(st.text(max_size=300), st.sampled_from([".py", ".c", ""]))
def test_any_text_is_tokens_on_lines_that_it_has(text: str, suffix: str) -> None:
    lines = [token.line for token in tokenise(text, suffix)]
    assert lines == sorted(lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)


@pytest.mark.parametrize(
    "hostile", ['"' + '\\"' * 60_000, "'\\" * 60_000, "/*" * 60_000, "a." * 60_000]
)
def test_no_text_takes_longer_than_its_length(hostile: str) -> None:
    assert len(print_files({"x.py": hostile, "x.c": hostile})) >= 0
    assert sum(1 for _ in tokenise(hostile, ".py")) <= len(hostile)


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_run_as_long_as_a_gram_and_a_window_is_always_found(before: int, after: int) -> None:
    run = " ".join(f".m{number}" for number in range((GRAM + WINDOW) // 2 + 1))
    one = hashes_of(print_files({"a.py": " ".join(["if"] * before) + " " + run}))
    two = hashes_of(print_files({"a.py": run + " " + " ".join(["for"] * after)}))
    assert len(np.intersect1d(one, two)) >= 1


def answer(tmp_path: Path, name: str, rows: list[tuple[str, float]]) -> Sample:
    path = tmp_path / name
    path.write_text("id,score\n" + "".join(f"{key},{value!r}\n" for key, value in rows))
    facts = read_places(path, TABLE)
    assert facts is not None
    return sample_places(facts)


def test_a_copied_answer_stands_out_of_answers_that_agree_by_being_right(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 3000)
    samples = {}
    for team in range(6):
        told = np.where(rng.random(3000) < 0.9, truth, 1 - truth)
        samples[team] = answer(
            tmp_path, f"{team}.csv", [(f"r{n}", float(v)) for n, v in enumerate(told)]
        )
        if team == 2:
            copied = np.where(rng.random(3000) < 0.99, told, 1 - told)
            rows = [(f"r{n}", float(v)) for n, v in enumerate(copied)]
            samples[9] = answer(tmp_path, "copy.csv", rows[::-1])  # in another order
    found = compare_answers(samples)
    assert [(one.first, one.second) for one in found.pairs] == [(2, 9)]
    assert 0.97 < found.pairs[0].share <= 1
    assert found.typical is not None
    assert 0.78 < found.typical < 0.86


def test_of_two_teams_only_nearly_equal_answers_are_told(tmp_path: Path) -> None:
    rows = [(f"r{n}", float(n % 7)) for n in range(500)]
    near = [*rows[:490], *((key, value + 1) for key, value in rows[490:])]
    one, two = answer(tmp_path, "a.csv", rows), answer(tmp_path, "b.csv", near)
    assert compare_answers({1: one, 2: two}).typical is None
    assert len(compare_answers({1: one, 2: two}).pairs) == 1
    far = answer(tmp_path, "c.csv", [(key, value + (int(value) % 2)) for key, value in rows])
    assert compare_answers({1: one, 2: far}).pairs == []


def test_digits_beyond_the_sixth_hide_nothing(tmp_path: Path) -> None:
    rows = [(f"r{n}", n / 7) for n in range(50)]
    shaken = [(key, value * (1 + 1e-9)) for key, value in rows]
    one, two = answer(tmp_path, "a.csv", rows), answer(tmp_path, "b.csv", shaken)
    assert (one.values == two.values).all()


def test_a_document_is_its_leaves_and_a_text_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_text(json.dumps({"la01": {"order": [2, 1], "ok": True}, "x": 0.5}))
    expected = {"la01.order[0]": "2", "la01.order[1]": "1", "la01.ok": "true", "x": "0.5"}
    assert read_places(path, None) == expected
    text = tmp_path / "answer.txt"
    text.write_bytes(b"one\n\nsame\nsame\n\xff\n")
    assert read_places(text, None) == {"": "one", " #2": "same", " #3": "same", " #4": "\ufffd"}


def test_what_cannot_be_read_or_is_too_large_has_no_places(tmp_path: Path) -> None:
    broken = tmp_path / "answer.json"
    broken.write_text("{")
    assert read_places(broken, None) is None
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b\n1,2\n")
    assert read_places(wrong, TABLE) is None
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert read_places(large, None) is None


def test_a_sample_is_bounded_and_packs_to_the_same() -> None:
    sample = sample_places({f"place {n}": str(n % 5) for n in range(5000)})
    assert len(sample.places) == SAMPLE
    again = Sample.unpack(sample.pack())
    assert (again.places == sample.places).all()
    assert (again.values == sample.values).all()
    assert len(Sample.unpack(sample_places({}).pack()).places) == 0


def test_nobody_is_like_nobody() -> None:
    assert compare_codes({}) == []
    assert compare_answers({}).pairs == []
