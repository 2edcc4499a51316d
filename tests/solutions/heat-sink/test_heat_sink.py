"""The bench obeys the limits of its physics, and the problem has headroom."""

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
PACK = ROOT / "problems" / "heat-sink"
DESIGN = {
    "width_mm": 70.0,
    "length_mm": 70.0,
    "fins": 21.0,
    "fin_thickness_mm": 1.0,
    "fin_height_mm": 25.0,
    "base_mm": 5.0,
    "source_mm": 25.0,
    "fan_flow_m3h": 40.0,
    "fan_pressure_pa": 60.0,
    "air_c": 25.0,
    "power_w": 60.0,
    "build": 0.0,
}


@pytest.fixture
def physics(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(PACK))
    yield importlib.import_module("physics")
    sys.modules.pop("physics")


def resistance(physics: ModuleType, **changes: float) -> float:
    bench = physics.Bench.draw(np.random.default_rng(3))
    plain = replace(bench, waves=np.zeros_like(bench.waves))  # correlations alone
    design = {name: np.array([value]) for name, value in (DESIGN | changes).items()}
    return float(physics.thermal_resistance(design, plain)[0])


@pytest.mark.parametrize(
    "better",
    [
        {"fan_pressure_pa": 90.0},
        {"fan_flow_m3h": 60.0},
        {"build": 2.0},  # copper
        {"source_mm": 34.0},
    ],
)
def test_more_air_more_metal_and_a_larger_heater_lower_the_resistance(
    better: dict[str, float], physics: ModuleType
) -> None:
    assert resistance(physics, **better) < resistance(physics)


def test_too_many_fins_choke_the_fan(physics: ModuleType) -> None:
    few, best, many = (resistance(physics, fins=n) for n in (6.0, 24.0, 52.0))
    assert best < few
    assert best < many


def test_the_speed_between_the_fins_meets_the_fan_curve(physics: ModuleType) -> None:
    bench = physics.Bench.draw(np.random.default_rng(3))
    design = {name: np.array([value]) for name, value in DESIGN.items()}
    speed = physics.channel_speed(design, bench)
    area = 20 * physics.gap_of(design) * 0.025
    share = speed * area / ((1 - bench.leakage) * 40 / 3600)
    fan = 60 * (1 - share**bench.fan_exponent)
    assert physics.pressure_drop(speed, design, bench) == pytest.approx(fan, rel=1e-6)
