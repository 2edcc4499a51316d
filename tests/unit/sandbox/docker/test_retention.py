"""Which images go: decided without an engine."""

import pytest
from typing_extensions import override

from sandbox.docker.engine import Engine
from sandbox.docker.retention import (
    Collected,
    ImageUpkeep,
    RetentionPolicy,
    StoredImage,
    choose_images,
    needed_tags,
)

DAY = 86_400.0
NOW = 100 * DAY
POLICY = RetentionPolicy(keep_days=14, keep_newest=1)


def image(tag: str, age_days: float) -> StoredImage:
    return StoredImage(f"baijing/{tag}", f"sha256:{tag}", NOW - age_days * DAY, 1)


def gone(
    *images: StoredImage,
    needed: tuple[str, ...] = (),
    used: tuple[str, ...] = (),
    policy: RetentionPolicy = POLICY,
) -> list[str]:
    chosen = choose_images(
        images,
        needed=frozenset(f"baijing/{tag}" for tag in needed),
        used=frozenset(f"sha256:{tag}" for tag in used),
        policy=policy,
        now_s=NOW,
    )
    return [one.tag.removeprefix("baijing/") for one in chosen]


def test_old_ones_go_and_the_newest_stays() -> None:
    assert gone(image("cpu:a", 50), image("cpu:b", 20), image("cpu:c", 30)) == ["cpu:c", "cpu:a"]


def test_young_ones_stay() -> None:
    assert gone(image("cpu:a", 13), image("cpu:b", 12), image("cpu:c", 1)) == []


def test_what_a_recipe_makes_stays_and_takes_no_place() -> None:
    images = (image("cpu:now", 90), image("cpu:b", 50), image("cpu:c", 60))
    assert gone(*images, needed=("cpu:now",)) == ["cpu:c"]


def test_what_a_container_has_stays() -> None:
    assert gone(image("cpu:a", 50), image("cpu:b", 20), used=("cpu:a",)) == []


def test_names_and_layers_are_counted_apart() -> None:
    images = (image("cpu:a", 50), image("gpu:a", 50), image("cpu:libs-a", 50), image("gpu:b", 60))
    assert gone(*images) == ["gpu:b"]


def test_nothing_kept_means_all_that_is_unneeded() -> None:
    nothing = RetentionPolicy(keep_days=0, keep_newest=0)
    assert gone(image("cpu:a", 1), image("cpu:b", 2), policy=nothing) == ["cpu:a", "cpu:b"]


def test_a_policy_must_mean_something() -> None:
    with pytest.raises(ValueError, match="negative"):
        RetentionPolicy(keep_days=-1)


def test_every_recipe_needs_two_tags() -> None:
    tags = needed_tags()
    assert sum(tag.startswith("baijing/python-cpu:") for tag in tags) == 2
    assert sum(":libs-" in tag for tag in tags) * 2 == len(tags)


def test_upkeep_waits_and_then_comes_once_an_hour() -> None:
    asked: list[float] = []

    class Upkeep(ImageUpkeep):
        @override
        def collect(self, now_s: float) -> Collected:
            asked.append(now_s)
            return Collected()

    upkeep = Upkeep(Engine())
    for now_s in range(0, 10_000, 100):
        upkeep.tend(float(now_s))
    assert asked == [600.0, 4200.0, 7800.0]
