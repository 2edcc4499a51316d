import threading
from collections.abc import Callable

import pytest
from typing_extensions import override

from sandbox.gpu import watch
from sandbox.types import GpuUse
from tests.fakes.nvml import GIB, FakeNvml, FakeNvmlError, cards, cut_card

ENOUGH_S = 10.0


def wait_until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(ENOUGH_S / 0.005)):
        if condition():
            return
        pause.wait(0.005)
    pytest.fail("it did not happen")


def watch_a_run(nvml: FakeNvml, uuid: str, bytes_: int) -> tuple[GpuUse, ...]:
    """One run that takes memory, is seen with it, and gives it back."""
    card = next(
        found
        for found in (*nvml.cards, *(part for card in nvml.cards for part in card.slices))
        if found is not None and found.uuid == uuid
    )
    with watch([uuid], nvml, period_s=0.002) as watched:
        card.load(bytes_, 4711)
        seen = nvml.calls
        wait_until(lambda: nvml.calls > seen + 12)
        card.unload(bytes_)
    return watched.uses


def test_memory_utilisation_and_energy_of_a_run() -> None:
    nvml = cards(2)
    (use,) = watch_a_run(nvml, "GPU-0001", 6 * GIB)
    assert (use.uuid, use.model) == ("GPU-0001", "NVIDIA L40S")
    assert use.peak_memory_bytes == 6 * GIB, "what was in use before is not the run's"
    assert use.utilisation == 0.8
    grown = (nvml.cards[1].energy_mj or 0) - 1_000_000
    assert use.energy_j == (grown - 5_000) / 1000  # each look moves the fake counter on
    assert nvml.cards[0].energy_mj == 1_000_000, "the neighbour's card was not asked"
    assert nvml.opened == 0


def test_without_an_energy_counter_power_is_summed_up() -> None:
    nvml = cards(1, energy_mj=None)
    (use,) = watch_a_run(nvml, "GPU-0000", GIB)
    assert 0 < use.energy_j < 300 * ENOUGH_S


def test_a_slice_says_its_memory_and_nothing_else() -> None:
    (use,) = watch_a_run(cut_card(), "MIG-b", 2 * GIB)
    assert (use.uuid, use.peak_memory_bytes) == ("MIG-b", 2 * GIB)
    assert (use.utilisation, use.energy_j) == (0.0, 0.0)


def test_several_devices_of_one_run_are_told_apart() -> None:
    nvml = cards(8)
    wanted = ["GPU-0003", "GPU-0005"]
    with watch(wanted, nvml, period_s=0.002) as watched:
        nvml.cards[5].load(GIB)
        seen = nvml.calls
        wait_until(lambda: nvml.calls > seen + 24)
    assert [(use.uuid, use.peak_memory_bytes) for use in watched.uses] == [
        ("GPU-0003", 0),
        ("GPU-0005", GIB),
    ]


def test_a_cpu_run_opens_nothing() -> None:
    nvml = cards(1)
    before = set(threading.enumerate())
    with watch([], nvml) as watched:
        assert not [each for each in threading.enumerate() if each not in before]
    assert (watched.uses, nvml.calls) == ((), 0)


def test_a_driver_that_fails_leaves_the_run_alone() -> None:
    nvml = FakeNvml(init_error=FakeNvmlError("Driver Not Loaded"))
    with watch(["GPU-0000"], nvml) as watched:
        done = "the run"
    assert (done, watched.uses) == ("the run", ())


def test_a_card_lost_in_the_middle_keeps_what_was_seen() -> None:
    nvml = cards(2)
    with watch(["GPU-0000", "GPU-0001"], nvml, period_s=0.002) as watched:
        nvml.cards[0].load(GIB)
        seen = nvml.calls
        wait_until(lambda: nvml.calls > seen + 24)
        nvml.cards[0].lost = True
    assert [use.peak_memory_bytes for use in watched.uses] == [GIB, 0]


def test_a_card_nobody_knows_is_missing_from_the_uses() -> None:
    with watch(["GPU-0000", "GPU-9999"], cards(1)) as watched:
        pass
    assert [use.uuid for use in watched.uses] == ["GPU-0000"]


def test_what_the_run_raises_goes_on_and_the_watch_ends() -> None:
    nvml, message = cards(1), "the program"
    with pytest.raises(ValueError, match=message), watch(["GPU-0000"], nvml):
        raise ValueError(message)
    assert nvml.opened == 0


def test_a_driver_that_hangs_does_not_hold_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.gpu.watching._PATIENCE_S", 0.05)
    released = threading.Event()

    class HungDriver(FakeNvml):
        @override
        def nvmlInit(self) -> None:
            released.wait(ENOUGH_S)
            super().nvmlInit()

    with watch(["GPU-0000"], HungDriver()) as watched:
        pass
    assert watched.uses == ()
    released.set()
