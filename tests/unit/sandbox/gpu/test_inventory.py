import pytest

from sandbox.gpu import Device, GpuError, find_nvml, list_devices, take_inventory
from tests.fakes.nvml import (
    GIB,
    FakeNvml,
    FakeNvmlError,
    FunctionNotFoundError,
    LibraryNotFoundError,
    cards,
    cut_card,
)


@pytest.mark.parametrize("count", [0, 2, 8])
def test_every_card_is_a_device(count: int) -> None:
    nvml = cards(count)
    devices = list_devices(nvml)
    assert [device.uuid for device in devices] == [f"GPU-{index:04d}" for index in range(count)]
    assert set(devices[:1]) <= {Device("GPU-0000", "NVIDIA L40S", 48 * GIB, "580.95.05")}
    assert nvml.opened == 0, "an open library does not survive the fork of a job"


def test_a_cut_card_gives_its_slices_and_not_itself() -> None:
    devices = list_devices(cut_card())
    assert [device.uuid for device in devices] == ["GPU-whole", "MIG-a", "MIG-b"]
    assert devices[1] == Device(
        uuid="MIG-a",
        model="NVIDIA A100-SXM4-80GB",
        memory_bytes=10 * GIB,
        driver="580.95.05",
        profile="1g.10gb",
        parent="GPU-cut",
    )
    assert (devices[0].profile, devices[0].parent) == ("", "")


def test_a_driver_too_old_for_mig_has_whole_cards() -> None:
    nvml = cards(2)
    nvml.mig_error = FunctionNotFoundError("Function Not Found")
    assert len(list_devices(nvml)) == 2


def test_a_host_without_a_driver_has_no_devices() -> None:
    assert list_devices(FakeNvml(init_error=LibraryNotFoundError("NVML Shared Library"))) == ()


def test_a_driver_that_fails_says_why() -> None:
    with pytest.raises(GpuError, match="Driver/library version mismatch"):
        list_devices(FakeNvml(init_error=FakeNvmlError("Driver/library version mismatch")))


def test_a_lost_card_does_not_hide_the_others() -> None:
    nvml = cards(2)
    nvml.cards[0].lost = True
    found = take_inventory(nvml)
    assert [device.uuid for device in found.devices] == ["GPU-0001"]
    assert found.broken == ("GPU 0: GPU is lost",)


def test_a_host_whose_cards_are_all_lost_says_so() -> None:
    nvml = cards(2, lost=True)
    with pytest.raises(GpuError, match="GPU 0: GPU is lost; GPU 1: GPU is lost"):
        list_devices(nvml)
    assert nvml.opened == 0


def test_nvidias_own_library_has_all_that_is_asked_of_it() -> None:
    real = find_nvml()
    missing = [
        name for name in dir(FakeNvml) if name.startswith("nvml") and not hasattr(real, name)
    ]
    assert missing == []
    kinds = (
        real.NVMLError_LibraryNotFound,
        real.NVMLError_NotSupported,
        real.NVMLError_FunctionNotFound,
        real.NVMLError_NotFound,
    )
    assert all(issubclass(kind, real.NVMLError) for kind in kinds)
