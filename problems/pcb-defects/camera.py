"""Etch copper and photograph it, as the camera over the inspection line would.

Line edge roughness is a band-limited Gaussian field that is added to the copper coverage before the
edge is sharpened again. The image has two reflectances, an uneven copper finish, dust, a linear
lighting gradient with vignetting, a shift of up to one pixel, a Gaussian point spread function,
photon shot noise (variance proportional to the signal) plus read noise as in the linear camera
model of the EMVA 1288 standard, and a 6-bit converter whose values are stored in steps of four.
"""

from dataclasses import dataclass

import numpy as np
from board import CANVAS, MARGIN, SIDE, Field, Point
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Finish:
    """How a laminate looks to the camera: ranges of grey for the laminate and the copper."""

    laminate: Point
    copper: Point


GREEN = Finish(laminate=(62, 84), copper=(158, 190))
PALE = Finish(laminate=(98, 116), copper=(138, 158))


# ── etching and imaging ──────────────────────────────────────────────────────────────────────────


def smooth(image: Field, sigma: float) -> Field:
    """Blur with a Gaussian of `sigma` pixels, repeating the rim."""
    reach = int(np.ceil(2.5 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for _ in range(2):
        wide = np.pad(image, ((reach, reach), (0, 0)), mode="edge")
        rows = len(image)
        image = sum(k * wide[i : i + rows] for i, k in enumerate(kernel)).T
    return image


def etch(coverage: Field, rng: np.random.Generator) -> Field:
    """Roughen the edges of the copper as etching does."""
    rough = rng.uniform(0.07, 0.13) * 3.5 * smooth(rng.standard_normal(coverage.shape), 1.0)
    return np.clip(1.7 * (smooth(coverage, 0.6) + rough - 0.5) + 0.5, 0, 1)


def add_dust(image: Field, contrast: float, *, called: bool, rng: np.random.Generator) -> None:
    """Put soft specks of dust on the patch; `called` puts one where the machine looks."""
    axis = np.arange(CANVAS) - CANVAS / 2
    places = rng.uniform(-CANVAS / 2, CANVAS / 2, (rng.poisson(1.5), 2))
    if called:
        places = np.vstack([places, rng.uniform(-8, 8, (1, 2))])
    for y, x in places:
        ry, rx = rng.uniform(0.8, 2.4, 2)
        depth = contrast * rng.uniform(0.15, 0.5) * rng.choice([-1, 1])
        image += depth * np.outer(
            np.exp(-0.5 * ((axis - y) / ry) ** 2), np.exp(-0.5 * ((axis - x) / rx) ** 2)
        )


def light(rng: np.random.Generator) -> Field:
    """Return the lighting of the patch around 1: a gradient and a slight vignette."""
    axis = np.linspace(-1, 1, CANVAS)
    gy, gx = rng.normal(0, 0.09, 2)
    vignette = rng.uniform(0, 0.07) * (axis[:, None] ** 2 + axis**2)
    return (1 + gy * axis[:, None] + gx * axis) * (1 - vignette)


def photograph(
    coverage: Field, finish: Finish, rng: np.random.Generator, *, called: bool
) -> NDArray[np.uint8]:
    """Return the 8-bit image (SIDE, SIDE) of some copper; `called` says dust caused the call."""
    dark, bright = rng.uniform(*finish.laminate), rng.uniform(*finish.copper)
    texture = smooth(rng.standard_normal(coverage.shape), 1.8)
    copper = bright * (1 + 0.22 * texture)
    image = dark + coverage * (copper - dark)
    add_dust(image, bright - dark, called=called, rng=rng)
    image = smooth(image * light(rng), rng.uniform(0.55, 1.15))
    y, x = MARGIN + rng.integers(-1, 2, 2)
    image = image[y : y + SIDE, x : x + SIDE]
    image = image + np.sqrt(1.5 + 0.08 * np.maximum(image, 0)) * rng.standard_normal(image.shape)
    return (4 * np.clip(np.rint(image / 4), 0, 63)).astype(np.uint8)
