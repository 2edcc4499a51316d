from pathlib import Path

import pytest

from problems.attempts import try_perfect, try_sample
from problems.check import CheckTools, check_pack
from problems.new import PackExistsError, create_pack
from problems.pack import load_pack
from scoring.metrics import METRICS
from tests.unit.problems.local_runner import LocalRunner, find_command


def test_a_new_pack_passes_the_check(tmp_path: Path) -> None:
    folder = create_pack("turning-2", tmp_path)
    report = check_pack(folder, CheckTools(LocalRunner(), find_command))

    assert load_pack(folder).spec.slug == "turning-2"
    assert report.is_ok, report.render("en")
    assert {step.name for step in report.steps} >= {"structure", "leaks", "perfect", "baseline"}


@pytest.mark.parametrize("slug", ["", "ab", "Under_score", "../up", "a b c", "x" * 65])
def test_what_is_no_slug(slug: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a slug"):
        create_pack(slug, tmp_path)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(PackExistsError):
        create_pack("taken", tmp_path)


NAMES = sorted({metric.name for metric in METRICS.values()})


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_can_be_started_with_any_metric(name: str, tmp_path: Path) -> None:
    pack = load_pack(create_pack("started", tmp_path, name))
    data, tools = pack.directory / "data", CheckTools(LocalRunner(), find_command)
    findings = [*try_sample(pack, data, tools), *try_perfect(pack, data, tools)]

    said = [finding.code for finding in findings]
    assert said == ["scored"] * 4, [finding.render("en") for finding in findings]
    assert pack.spec.scoring.primary.metric == name


def test_a_pack_of_a_metric_passes_the_whole_check(tmp_path: Path) -> None:
    folder = create_pack("alarms", tmp_path, "miss_rate_at_far")
    report = check_pack(folder, CheckTools(LocalRunner(), find_command))

    assert report.is_ok, report.render("en")


def test_what_is_no_metric(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'acuracy' is not a metric; there are accuracy"):
        create_pack("started", tmp_path, "acuracy")
    assert not (tmp_path / "started").exists()
