"""Stronger solution: textbook physics, six unknowns fitted to the bench, and a Gaussian process.

Flow through the channels follows from the fan curve and the friction of developing laminar flow,
heat transfer from the composite Nusselt number of Teertstra, Yovanovich and Culham (2000),
spreading from Lee, Song, Au and Moran (1995). Leakage, fan curve, friction, mixing, bond and
interface are fitted to the logarithm of the measurements. What the correlations miss is left to a
Gaussian process over the dimensionless groups of the channel, weighted by the noise of each row: a
constant share plus a thermometer error that weighs more where the temperature rise is small. The
interval adds both.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import least_squares, minimize
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

Numbers = NDArray[np.float64]
METAL = {"extruded": 201.0, "die_cast": 96.0, "skived": 391.0, "bonded": 229.0}
START = np.array([0.12, 2.0, 1.1, 1.05, 5.0, 2.0])  # bond and interface in 1e-5 m2 K/W
LOW = np.array([0.0, 1.2, 0.8, 0.8, 0.0, 0.0])
HIGH = np.array([0.4, 3.0, 1.6, 1.4, 20.0, 10.0])
Z90 = 1.645


class Sinks:
    """The designs of one file in SI units, and their resistance under a set of unknowns."""

    def __init__(self, rows: pd.DataFrame) -> None:
        """Derive geometry, metal and air from the columns."""
        self.metal = rows["build"].map(METAL).to_numpy(float)
        self.bonded = (rows["build"] == "bonded").to_numpy(float)
        metres = {
            n: rows[f"{n}_mm"].to_numpy(float) / 1000
            for n in ("width", "length", "fin_thickness", "fin_height", "base", "source")
        }
        self.width, self.length = metres["width"], metres["length"]
        self.thick, self.height = metres["fin_thickness"], metres["fin_height"]
        self.base, self.source = metres["base"], metres["source"]
        self.fins = rows["fins"].to_numpy(float)
        self.channels = self.fins - 1
        self.gap = (self.width - self.fins * self.thick) / self.channels
        self.flow = rows["fan_flow_m3h"].to_numpy(float) / 3600
        self.pressure = rows["fan_pressure_pa"].to_numpy(float)
        self.power = rows["power_w"].to_numpy(float)
        kelvin = rows["air_c"].to_numpy(float) + 273.15
        self.density = 101325 / 287.05 / kelvin
        self.viscosity = 1.458e-6 * kelvin**1.5 / (kelvin + 110.4)
        self.air_k = 0.0241 * (kelvin / 273.15) ** 0.81

    def speed(self, leak: float, exponent: float, friction: float) -> Numbers:
        """Solve fan curve = channel pressure drop by bisection."""
        diameter = 2 * self.gap * self.height / (self.gap + self.height)
        most = (1 - leak) * self.flow / (self.channels * self.gap * self.height)
        ratio = self.gap / self.height
        full = 24 - ratio * (
            32.527 - ratio * (46.721 - ratio * (40.829 - ratio * (22.954 - 6.089 * ratio)))
        )
        solid = self.fins * self.thick / self.width
        ends = 0.42 * (1 - (1 - solid) ** 2) + solid**2
        low, high = 0.0 * most, most
        for _ in range(40):
            v = (low + high) / 2
            reynolds = self.density * v * diameter / self.viscosity
            wall = friction * np.hypot(3.44 * np.sqrt(reynolds * diameter / self.length), full)
            loss = ends + 4 * wall / reynolds * self.length / diameter
            slow = loss * self.density * v**2 / 2 < self.pressure * (1 - (v / most) ** exponent)
            low, high = np.where(slow, v, low), np.where(slow, high, v)
        return v

    def resistance(self, unknowns: Numbers) -> Numbers:
        """Return the resistance from heater to inlet air, K/W."""
        leak, exponent, friction, mixing, bond, interface = unknowns
        v = self.speed(leak, exponent, friction)
        star = self.density * v * self.gap**2 / self.viscosity / self.length
        entry = mixing * 0.664 * np.sqrt(star) * 0.71 ** (1 / 3) * np.sqrt(1 + 3.65 / star**0.5)
        film = ((star * 0.355) ** -3 + entry**-3) ** (-1 / 3) * self.air_k / self.gap
        reach = self.height * np.sqrt(2 * film / self.metal / self.thick)
        area = 2 * self.channels * self.height * self.length
        fins = reach / np.tanh(reach) / film / area
        fins = fins + self.bonded * bond * 1e-5 / (self.fins * self.thick * self.length)
        outer = 1 / (1 / fins + film * self.channels * self.gap * self.length)
        return outer + self.spread(outer) + interface * 1e-5 / self.source**2

    def groups(self, unknowns: Numbers) -> Numbers:
        """Return the logarithms of the dimensionless groups of each channel, shape (n, 3)."""
        v = self.speed(*unknowns[:3])
        star = self.density * v * self.gap**2 / self.viscosity / self.length
        return np.log(np.column_stack([star, self.gap / self.height, self.thick / self.gap]))

    def spread(self, outer: Numbers) -> Numbers:
        """Return the mean resistance of the base."""
        a, b = self.source / np.pi**0.5, np.sqrt(self.width * self.length / np.pi)
        e, t = a / b, self.base / b
        wave = np.pi + 1 / (np.pi**0.5 * e)
        inverse_biot = np.pi * self.metal * b * outer
        bend = np.tanh(wave * t)
        shape = (bend + wave * inverse_biot) / (1 + wave * inverse_biot * bend)
        total = e * t / np.pi**0.5 + 0.5 * (1 - e) ** 1.5 * shape
        return total / (np.pi**0.5 * self.metal * a)


def fit_unknowns(sinks: Sinks, measured: Numbers) -> Numbers:
    """Fit the six unknowns to the logarithm of the measurements."""
    result = least_squares(
        lambda u: np.log(sinks.resistance(u) / measured),
        START,
        bounds=(LOW, HIGH),
        x_scale=(HIGH - LOW) / 4,
        diff_step=1e-4,
        loss="soft_l1",
        f_scale=0.05,
    )
    return result.x


def fit_noise(errors: Numbers, rise: Numbers) -> Numbers:
    """Fit a scatter and a thermometer error (K) to relative errors by maximum likelihood."""

    def cost(logs: Numbers) -> float:
        variance = np.exp(2 * logs[0]) + (np.exp(logs[1]) / rise) ** 2
        return float(np.sum(np.log(variance) + errors**2 / variance))

    return np.exp(minimize(cost, np.log([0.03, 0.5]), method="Nelder-Mead").x)


def fit_rest(groups: Numbers, errors: Numbers, noise: Numbers) -> GaussianProcessRegressor:
    """Fit a smooth function of the groups to the logarithmic errors."""
    kernel = ConstantKernel(0.05**2, (1e-5, 0.1)) * RBF(np.ones(groups.shape[1]), (0.2, 30))
    return GaussianProcessRegressor(kernel, alpha=noise**2).fit(groups, errors)


def main() -> None:
    """Fit on the training rows and predict the test rows."""
    source, target = Path(os.environ["INPUT_DIR"]), Path(os.environ["OUTPUT_DIR"])
    train, test = pd.read_csv(source / "train.csv"), pd.read_csv(source / "test.csv")
    sinks, asked, measured = Sinks(train), Sinks(test), train["r_th"].to_numpy(float)
    unknowns = fit_unknowns(sinks, measured)
    known, wanted = sinks.groups(unknowns), asked.groups(unknowns)
    fitted, centre = sinks.resistance(unknowns), asked.resistance(unknowns)
    errors, rise = np.log(measured / fitted), fitted * sinks.power
    left = errors
    for _ in range(2):  # noise first from all errors, then from what the process leaves
        scatter, kelvin = fit_noise(left, rise)
        rest = fit_rest(known, errors, np.hypot(scatter, kelvin / rise))
        left = errors - rest.predict(known)
    shift, doubt = rest.predict(wanted, return_std=True)
    centre = centre * np.exp(shift)
    noise = np.hypot(scatter, kelvin / (centre * asked.power))
    reach = Z90 * np.hypot(noise, doubt)
    bounds = {"r_lo": centre * np.exp(-reach), "r_hi": centre * np.exp(reach)}
    answer = pd.DataFrame({"id": test["id"], "r_th": centre, **bounds})
    answer.to_csv(target / "predictions.csv", index=False, float_format="%.5f")


if __name__ == "__main__":
    main()
