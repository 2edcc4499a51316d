"""Inputs that hypothesis makes: seeds that were damaged, and bytes of no origin at all."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS
from tests.sandbox.conftest import FULL

EXAMPLES = 20_000 if FULL else 150
COSTLY = {"output_folder": 5}
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["set", "insert", "delete", "copy", "number"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 255),
    ),
    max_size=12,
)
NUMBERS = (0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000)


def damaged(seed: bytes, edits: list[tuple[str, float, int]]) -> bytes:
    data = bytearray(seed)
    for kind, where, value in edits:
        at = int(where * len(data))
        if kind == "insert":
            data[at:at] = bytes([value]) * (1 + value % 9)
        elif kind == "delete":
            del data[at : at + 1 + value % 9]
        elif kind == "copy":
            data[at:at] = data[max(0, at - value) : at]
        elif kind == "number":
            data[at : at + 4] = NUMBERS[value % len(NUMBERS)].to_bytes(4, "little")
        elif data:
            data[at] = value
    return bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_seeds(name: str) -> None:
    for seed in SEEDS[name]():
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_seeds(name: str) -> None:
    seeds = SEEDS[name]()

    @settings(
        max_examples=EXAMPLES // COSTLY.get(name, 1),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(range(len(seeds))), EDITS)
    def check(index: int, edits: list[tuple[str, float, int]]) -> None:
        TARGETS[name](damaged(seeds[index], edits))

    check()


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes(name: str) -> None:
    chance = random.Random(name)
    for _ in range(EXAMPLES // COSTLY.get(name, 1) // 2):
        TARGETS[name](chance.randbytes(chance.randrange(600)))
