"""Thermal resistance of a ducted plate-fin heat sink, from published correlations.

- Apparent friction of developing laminar flow between fins: Muzychka and Yovanovich, "Modeling
  friction factors in non-circular ducts for developing laminar flow", AIAA 98-2492 (1998), in the
  form used by Culham and Muzychka, "Optimization of plate fin heat sinks using entropy generation
  minimization", IEEE Transactions on Components and Packaging Technologies 24 (2001) 159-165.
- Entrance loss after Kays and London, "Compact Heat Exchangers", 3rd ed. (1984); exit loss after
  Borda and Carnot.
- Nusselt number between fully developed and developing flow: Teertstra, Yovanovich and Culham,
  "Analytical forced convection modeling of plate fin heat sinks", Journal of Electronics
  Manufacturing 10 (2000) 253-261. It refers to the temperature of the air at the inlet.
- Straight fins with insulated tips: eta = tanh(m H) / (m H), m^2 = 2 h / (k t).
- Spreading in the base: Lee, Song, Au and Moran, "Constriction/spreading resistance model for
  electronics packaging", ASME/JSME Thermal Engineering Conference 4 (1995) 199-206.
- Air: ideal gas at sea level, viscosity after Sutherland.
- Real sinks stray from correlations (burrs, fan swirl, fin shape): a smooth random factor on the
  heat transfer stands for that, a model discrepancy in the sense of Kennedy and O'Hagan, "Bayesian
  calibration of computer models", Journal of the Royal Statistical Society B 63 (2001) 425-464.

SI units inside; a `Design` maps the column names of the data files to arrays in their own units.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]
Design = Mapping[str, Column]

BUILDS = ("extruded", "die_cast", "skived", "bonded")
CONDUCTIVITY = np.array([201.0, 96.0, 391.0, 229.0])  # W/(m K): Al 6063, ADC12, copper, Al 1050
PRANDTL = 0.71
WAVES = 6
STRAY = 0.07  # standard deviation of the logarithm of what correlations miss


@dataclass(frozen=True, slots=True)
class Bench:
    """What the bench and the maker hide; constant over all rows of one seed."""

    leakage: float  # share of the air that passes beside the fins
    fan_exponent: float  # of the falling fan curve
    friction: float  # wall roughness, as a factor on the friction of the channels
    mixing: float  # the same roughness, as a factor on the heat transfer
    bond: float  # resistance of the joint under a bonded fin, m2 K/W
    interface: float  # resistance between heater and base, m2 K/W
    scatter: float  # relative spread between samples of one design
    thermocouple_k: float  # error of one thermocouple, K
    waves: Column  # (k, 4): how heat transfer strays from the correlation, see `stray`

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Draw a bench."""
        return cls(
            leakage=rng.uniform(0.06, 0.20),
            fan_exponent=rng.uniform(1.6, 2.3),
            friction=rng.uniform(1.0, 1.25),
            mixing=rng.uniform(0.95, 1.15),
            bond=rng.uniform(3e-5, 8e-5),
            interface=rng.uniform(1e-5, 3e-5),
            scatter=rng.uniform(0.025, 0.035),
            thermocouple_k=rng.uniform(0.3, 0.5),
            waves=np.column_stack([rng.normal(0, 1.1, (WAVES, 3)), rng.uniform(0, 6.3, WAVES)]),
        )


@dataclass(frozen=True, slots=True)
class Air:
    """Properties of the inlet air."""

    density: Column
    viscosity: Column
    conductivity: Column


def air_at(celsius: Column) -> Air:
    """Return the properties of air at sea level."""
    kelvin = celsius + 273.15
    ratio = kelvin / 273.15
    return Air(
        density=101325 / (287.05 * kelvin),
        viscosity=1.716e-5 * ratio**1.5 * (273.15 + 110.4) / (kelvin + 110.4),
        conductivity=0.0241 * ratio**0.81,
    )


def gap_of(design: Design) -> Column:
    """Return the clear distance between fins, m."""
    width, thickness, fins = (design[n] for n in ("width_mm", "fin_thickness_mm", "fins"))
    return (width - fins * thickness) / (fins - 1) / 1000


def hydraulic_diameter(design: Design) -> Column:
    """Return twice the product over the sum of gap and fin height, m."""
    gap, height = gap_of(design), design["fin_height_mm"] / 1000
    return 2 * gap * height / (gap + height)


def pressure_drop(speed: Column, design: Design, bench: Bench) -> Column:
    """Return the pressure, Pa, that drives air at `speed`, m/s, through the channels."""
    air, diameter = air_at(design["air_c"]), hydraulic_diameter(design)
    gap, length = gap_of(design), design["length_mm"] / 1000
    reynolds = air.density * speed * diameter / air.viscosity
    aspect = gap / (design["fin_height_mm"] / 1000)
    developed = np.polynomial.polynomial.polyval(
        aspect, [24, -32.527, 46.721, -40.829, 22.954, -6.089]
    )
    entrance = 3.44 * np.sqrt(reynolds * diameter / length)
    friction = bench.friction * np.hypot(entrance, developed) / reynolds
    open_share = 1 - design["fins"] * design["fin_thickness_mm"] / design["width_mm"]
    ends = 0.42 * (1 - open_share**2) + (1 - open_share) ** 2
    return (ends + 4 * friction * length / diameter) * air.density * speed**2 / 2


def channel_speed(design: Design, bench: Bench) -> Column:
    """Return the air speed between the fins, m/s, where fan curve and channels meet."""
    area = (design["fins"] - 1) * gap_of(design) * design["fin_height_mm"] / 1000
    most = (1 - bench.leakage) * design["fan_flow_m3h"] / 3600 / area
    low, high = 1e-3 * most, most
    for _ in range(60):  # halves the bracket far below rounding
        middle = (low + high) / 2
        fan = design["fan_pressure_pa"] * (1 - (middle / most) ** bench.fan_exponent)
        too_slow = pressure_drop(middle, design, bench) < fan
        low, high = np.where(too_slow, middle, low), np.where(too_slow, high, middle)
    return (low + high) / 2


def channel_reynolds(design: Design, bench: Bench) -> Column:
    """Return the Reynolds number of the channels on their hydraulic diameter."""
    air = air_at(design["air_c"])
    speed = channel_speed(design, bench)
    return air.density * speed * hydraulic_diameter(design) / air.viscosity


def stray(reynolds: Column, design: Design, bench: Bench) -> Column:
    """Return the factor by which heat transfer strays from the correlation.

    The logarithm is a sum of waves (random Fourier features, so nearly a Gaussian process) over the
    logarithms of three groups: channel Reynolds number, gap over height, thickness over gap.
    """
    gap = gap_of(design) * 1000
    shapes = (gap / design["fin_height_mm"], design["fin_thickness_mm"] / gap)
    groups = np.log([reynolds, *shapes])
    angles = np.tensordot(bench.waves[:, :3], groups, axes=1) + bench.waves[:, 3:]
    return np.exp(STRAY * np.sqrt(2 / WAVES) * np.cos(angles).sum(axis=0))


def film_coefficient(design: Design, bench: Bench) -> Column:
    """Return the heat transfer coefficient of the channels, W/(m2 K), to inlet air."""
    air, gap = air_at(design["air_c"]), gap_of(design)
    speed = channel_speed(design, bench)
    reynolds = air.density * speed * gap / air.viscosity * gap / (design["length_mm"] / 1000)
    developed = reynolds * PRANDTL / 2
    developing = 0.664 * np.sqrt(reynolds) * PRANDTL ** (1 / 3)
    developing *= bench.mixing * np.sqrt(1 + 3.65 / np.sqrt(reynolds))
    nusselt = (developed**-3 + developing**-3) ** (-1 / 3)
    return stray(reynolds, design, bench) * nusselt * air.conductivity / gap


def convection(design: Design, bench: Bench) -> Column:
    """Return the resistance from the base to the inlet air, K/W."""
    film, metal = film_coefficient(design, bench), CONDUCTIVITY[design["build"].astype(int)]
    height, length = design["fin_height_mm"] / 1000, design["length_mm"] / 1000
    thickness, channels = design["fin_thickness_mm"] / 1000, design["fins"] - 1
    reach = height * np.sqrt(2 * film / (metal * thickness))
    fins = 1 / (np.tanh(reach) / reach * film * 2 * channels * height * length)
    is_bonded = design["build"] == BUILDS.index("bonded")
    fins += is_bonded * bench.bond / (design["fins"] * thickness * length)
    return 1 / (1 / fins + film * channels * gap_of(design) * length)


def spreading(design: Design, outer: Column) -> Column:
    """Return the mean resistance of the base, K/W, under a film of total resistance `outer`."""
    metal = CONDUCTIVITY[design["build"].astype(int)]
    source = design["source_mm"] / 1000 / np.sqrt(np.pi)
    plate = np.sqrt(design["width_mm"] * design["length_mm"] / np.pi) / 1000
    share, depth = source / plate, design["base_mm"] / 1000 / plate
    biot = 1 / (np.pi * metal * plate * outer)
    wave = np.pi + 1 / (np.sqrt(np.pi) * share)
    bend = np.tanh(wave * depth)
    shape = (bend + wave / biot) / (1 + wave / biot * bend)
    constriction = 0.5 * (1 - share) ** 1.5 * shape
    return (share * depth / np.sqrt(np.pi) + constriction) / (np.sqrt(np.pi) * metal * source)


def thermal_resistance(design: Design, bench: Bench) -> Column:
    """Return the true resistance from heater to inlet air, K/W."""
    outer = convection(design, bench)
    joint = bench.interface / (design["source_mm"] / 1000) ** 2
    return outer + spreading(design, outer) + joint
