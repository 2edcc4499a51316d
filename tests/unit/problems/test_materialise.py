import hashlib
from pathlib import Path

import pytest

from problems.materialise import MaterialiseError, fingerprint, materialise
from problems.pack import load_pack
from tests.unit.problems.local_runner import LocalRunner
from tests.unit.problems.packs_under_test import tabular_pack

LONG_SEED = 2**128 + 12345


def test_the_generator_gets_the_whole_seed(tmp_path: Path) -> None:
    pack, runner = load_pack(tabular_pack(tmp_path / "p")), LocalRunner()
    one = materialise(pack, LONG_SEED, tmp_path / "one", runner)
    two = materialise(pack, str(LONG_SEED), tmp_path / "two", runner)
    other = materialise(pack, LONG_SEED + 1, tmp_path / "other", runner)

    assert str(LONG_SEED) in runner.runs[0].command
    assert fingerprint(one) == fingerprint(two) != fingerprint(other)
    assert "A/truth/truth.csv" in fingerprint(one)


def test_shipped_data_are_copied_where_there_is_no_seed(tmp_path: Path) -> None:
    folder = tabular_pack(tmp_path / "p")
    (folder / "data" / "A" / "truth").mkdir(parents=True)
    (folder / "data" / "A" / "truth" / "truth.csv").write_text("id\n")
    out = materialise(load_pack(folder), None, tmp_path / "out", LocalRunner())

    assert fingerprint(out) == {"A/truth/truth.csv": hashlib.sha256(b"id\n").hexdigest()}


def test_a_failing_generator_is_reported_with_its_log(tmp_path: Path) -> None:
    pack = load_pack(tabular_pack(tmp_path / "p", generator="raise SystemExit('no disk')"))
    with pytest.raises(MaterialiseError, match="runtime_error: exit status 1") as caught:
        materialise(pack, 1, tmp_path / "out", LocalRunner())

    assert "no disk" in caught.value.log


def test_without_seed_and_data_there_is_nothing(tmp_path: Path) -> None:
    pack = load_pack(tabular_pack(tmp_path / "p"))
    with pytest.raises(MaterialiseError, match="no seed was given"):
        materialise(pack, None, tmp_path / "out", LocalRunner())
