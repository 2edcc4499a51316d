import pytest
from typing_extensions import override

from sandbox.gpu import DeviceState, Fault, Finding, check_free, judge, look_at
from sandbox.gpu.health import TOLERANCE_BYTES
from tests.fakes.nvml import GIB, FakeNvml, FakeNvmlError, cards

BEFORE = DeviceState("GPU-0000", used_bytes=GIB)


def state(used: int = GIB, *pids: int, error: str = "") -> DeviceState:
    return DeviceState("GPU-0000", used, pids, error)


@pytest.mark.parametrize(
    ("after", "fault"),
    [
        (state(), None),
        (state(0), None),
        (state(GIB + TOLERANCE_BYTES), None),
        (state(GIB + TOLERANCE_BYTES + 1), Fault.MEMORY_HELD),
        (state(GIB, 4711), Fault.PROCESSES_LEFT),
        (state(2 * GIB, 4711), Fault.PROCESSES_LEFT),
        (state(error="GPU is lost"), Fault.NOT_ANSWERING),
    ],
)
def test_what_is_found_after_a_run(after: DeviceState, fault: Fault | None) -> None:
    finding = judge(BEFORE, after)
    assert (finding.fault, finding.is_clean) == (fault, fault is None)


def test_a_finding_says_what_is_wrong_in_numbers() -> None:
    assert judge(BEFORE, state(3 * GIB)) == Finding(
        "GPU-0000", Fault.MEMORY_HELD, "2048 MiB more in use than before", 2 * GIB
    )
    assert judge(BEFORE, state(GIB, 12, 7)).detail == "processes 12, 7"


def test_a_device_that_did_not_answer_before_the_run_is_not_clean_after_it() -> None:
    before = DeviceState("GPU-0000", error="Unknown Error")
    assert judge(before, state()).fault is Fault.NOT_ANSWERING


def test_a_clean_run_leaves_a_clean_device() -> None:
    nvml = cards(2)
    before, other = look_at(["GPU-0000", "GPU-0001"], nvml)
    nvml.cards[0].load(8 * GIB, 4711)
    assert check_free(before, nvml, patience_s=0).fault is Fault.PROCESSES_LEFT
    assert check_free(other, nvml, patience_s=0).is_clean
    nvml.cards[0].unload(8 * GIB)
    assert check_free(before, nvml).is_clean
    assert nvml.opened == 0


def test_a_leak_is_found() -> None:
    nvml = cards(1, leaks=GIB)
    (before,) = look_at(["GPU-0000"], nvml)
    nvml.cards[0].load(8 * GIB, 4711)
    nvml.cards[0].unload(8 * GIB)
    finding = check_free(before, nvml, patience_s=0)
    assert (finding.fault, finding.held_bytes) == (Fault.MEMORY_HELD, GIB)


def test_memory_that_comes_back_a_moment_later_is_waited_for() -> None:
    nvml = cards(1)
    (before,) = look_at(["GPU-0000"], nvml)
    nvml.cards[0].load(8 * GIB)

    class SlowDriver(FakeNvml):
        @override
        def nvmlInit(self) -> None:
            super().nvmlInit()
            self.cards[0].used = max(before.used_bytes, self.cards[0].used - 4 * GIB)

    finding = check_free(before, SlowDriver(nvml.cards), patience_s=30)
    assert finding.is_clean


def test_a_lost_device_and_a_dead_driver_are_unhealthy_at_once() -> None:
    nvml = cards(1)
    (before,) = look_at(["GPU-0000"], nvml)
    nvml.cards[0].lost = True
    assert check_free(before, nvml, patience_s=300) == Finding(
        "GPU-0000", Fault.NOT_ANSWERING, "GPU is lost"
    )
    nvml.init_error = FakeNvmlError("Driver Not Loaded")
    assert check_free(before, nvml, patience_s=300).detail == "Driver Not Loaded"
