"""A host with as many cards as a test wants, and leases in a dictionary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.core.leases import LeasesUnavailableError
from sandbox.gpu import Device, DeviceState, Finding, judge
from tests.fakes.ports import FrozenClock

GIB = 1 << 30


def card(number: int, *, model: str = "NVIDIA A100-SXM4-40GB", gib: int = 40) -> Device:
    return Device(f"GPU-{number:04d}", model, gib * GIB, "580.95.05")


@dataclass
class FakeGpus:
    """`used` is what is in use on a device, by uuid; a device in `processes` is computed on."""

    devices: tuple[Device, ...] = ()
    used: dict[str, int] = field(default_factory=dict)
    processes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def list_devices(self) -> Sequence[Device]:
        return self.devices

    def look_at(self, uuids: Sequence[str]) -> Sequence[DeviceState]:
        known = {device.uuid for device in self.devices}
        return [
            DeviceState(uuid, self.used.get(uuid, 0), self.processes.get(uuid, ()))
            if uuid in known
            else DeviceState(uuid, error="not found")
            for uuid in uuids
        ]

    def check_free(self, before: DeviceState) -> Finding:
        (after,) = self.look_at([before.uuid])
        return judge(before, after)


@dataclass
class MemoryLeases:
    clock: FrozenClock
    taken: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    down: bool = False

    def hold(self, names: Sequence[str], owner: str, *, ttl: timedelta) -> Mapping[str, str]:
        others = {name: who for name, who in self.holders(names).items() if who != owner}
        if not others:
            self.taken |= dict.fromkeys(names, (owner, self.clock.now() + ttl))
        return others

    def release(self, names: Sequence[str], owner: str) -> None:
        for name, who in self.holders(names).items():
            if who == owner:
                del self.taken[name]

    def holders(self, names: Sequence[str]) -> Mapping[str, str]:
        if self.down:
            raise LeasesUnavailableError
        now = self.clock.now()
        return {
            name: self.taken[name][0]
            for name in names
            if name in self.taken and self.taken[name][1] > now
        }
