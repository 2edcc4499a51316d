import threading
from collections.abc import Sequence

import pytest
from typing_extensions import override

from app.core.gpus import HostGpus
from sandbox.gpu import Device, DeviceState, Fault, GpuError
from tests.fakes.gpus import FakeGpus, card


class Wedged(FakeGpus):
    """A driver that answers nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__((card(0),))
        self.let_go = threading.Event()

    @override
    def list_devices(self) -> Sequence[Device]:
        self.let_go.wait(60)
        return super().list_devices()


class Failing(FakeGpus):
    @override
    def list_devices(self) -> Sequence[Device]:
        message = "driver/library version mismatch"
        raise GpuError(message)


def test_a_host_says_what_it_has() -> None:
    host = HostGpus(FakeGpus((card(0),)))
    assert host.list_devices() == (card(0),)
    assert host.look_at(["GPU-0000"]) == [DeviceState("GPU-0000")]
    assert host.check_free(DeviceState("GPU-0000")).is_clean


def test_a_wedged_driver_stops_nobody_and_is_asked_again_once_it_answers() -> None:
    driver = Wedged()
    host = HostGpus(driver, patience_s=0.05)
    with pytest.raises(GpuError, match="within"):
        host.list_devices()
    with pytest.raises(GpuError, match="earlier question"):
        host.list_devices()
    assert "earlier" in host.look_at(["GPU-0000"])[0].error
    assert host.check_free(DeviceState("GPU-0000")).fault is Fault.NOT_ANSWERING
    driver.let_go.set()
    for thread in threading.enumerate():
        if thread.name == "gpus":
            thread.join(60)
    assert host.list_devices() == (card(0),)


def test_a_driver_that_fails_says_why() -> None:
    with pytest.raises(GpuError, match="version mismatch"):
        HostGpus(Failing()).list_devices()


def test_this_machine_can_be_asked() -> None:
    assert isinstance(HostGpus().list_devices(), tuple)
