"""Two trainings at once on a host with NVIDIA cards: nothing here is fake.

Skipped where there is no card. It takes the image `python-gpu` on the engine and two devices (cards
or MIG slices) that nobody uses: `pytest -m gpu tests/gpu`.
"""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.docker import DockerSandbox, Engine, ImageStore
from sandbox.gpu import check_free, list_devices, look_at, pick_free
from sandbox.types import Limits, Run, RunResult, SandboxError

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.docker,
    pytest.mark.skipif(not Path("/dev/nvidia0").exists(), reason="no NVIDIA card here"),
]

IMAGE = "python-gpu"
AT_ONCE = 2

TRAINING = """
import json, time
import torch
from torch import nn

assert torch.cuda.is_available(), "no GPU in the sandbox"
torch.manual_seed(0)
size = 4096
model = nn.Sequential(nn.Linear(size, size), nn.ReLU(), nn.Linear(size, 1)).cuda()
x = torch.randn(8192, size, device="cuda")
y = x[:, :1] * 2 + 1
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
losses = []
until = time.monotonic() + 10
while time.monotonic() < until:
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print(json.dumps({
    "devices": torch.cuda.device_count(),
    "uuid": str(torch.cuda.get_device_properties(0).uuid),
    "first": losses[0],
    "last": losses[-1],
    "peak": torch.cuda.max_memory_allocated(),
}))
"""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[DockerSandbox]:
    engine = Engine()
    images = ImageStore(engine, tmp_path / "state")
    try:
        images.find(IMAGE)
    except SandboxError as error:
        pytest.skip(str(error))
    yield DockerSandbox("gpu-tests-real", runtime=None, images=images)
    engine.close()


def test_two_trainings_at_once(sandbox: DockerSandbox, tmp_path: Path) -> None:
    devices = {device.uuid: device for device in list_devices()}
    if len(devices) < AT_ONCE:
        pytest.skip(f"{len(devices)} devices here, {AT_ONCE} wanted")
    before = {state.uuid: state for state in look_at(devices)}
    code = tmp_path / "code"
    code.mkdir()
    (code / "main.py").write_text(TRAINING)
    both_hold = threading.Barrier(AT_ONCE)
    limits = Limits(wall_s=300.0, memory_bytes=8 << 30, cpus=2.0, gpus=1, processes=512)

    def train(index: int) -> tuple[str, RunResult]:
        output = tmp_path / f"output-{index}"
        output.mkdir()
        run = Run(IMAGE, ("python", "main.py"), code, output, limits)
        with pick_free(1, tmp_path / "locks") as picked:
            both_hold.wait(60)
            return picked[0], sandbox.execute(replace(run, devices=picked))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = dict(pool.map(train, range(AT_ONCE)))
    assert len(done) == AT_ONCE, "both had the same device"
    for uuid, result in done.items():
        assert result.verdict is None, (result.message, result.log)
        said = json.loads(result.log.splitlines()[-1])
        assert said["devices"] == 1
        assert said["last"] < said["first"]
        (use,) = result.gpus
        assert use.uuid == uuid
        assert use.peak_memory_bytes >= said["peak"]
        if not devices[uuid].profile:  # a slice tells its memory alone, and its uuid is the card's
            assert said["uuid"] in uuid
            assert use.utilisation > 0
            assert use.energy_j > 0
        assert check_free(before[uuid]).is_clean
