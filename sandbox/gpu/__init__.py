"""GPUs of this host: which there are, what a run does with them, whether they are clean after it.

Who has which is decided elsewhere (a lease); here a device is only named by its uuid.
"""

from sandbox.gpu.health import (
    DeviceState,
    Fault,
    Finding,
    check_free,
    judge,
    look_at,
)
from sandbox.gpu.inventory import Device, Inventory, list_devices, take_inventory
from sandbox.gpu.nvml import GpuError, Nvml, find_nvml
from sandbox.gpu.picking import pick_free
from sandbox.gpu.watching import Watch, watch

__all__ = [
    "Device",
    "DeviceState",
    "Fault",
    "Finding",
    "GpuError",
    "Inventory",
    "Nvml",
    "Watch",
    "check_free",
    "find_nvml",
    "judge",
    "list_devices",
    "look_at",
    "pick_free",
    "take_inventory",
    "watch",
]
