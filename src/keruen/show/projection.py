"""From longitude and latitude to points of a drawing.

The projection is the Albers equal-area conic on a sphere, after J. P. Snyder, *Map Projections: A Working
Manual* (US Geological Survey Professional Paper 1395, 1987), equations 14-1 to 14-6. With standard parallels
30 and 60 north and the middle of Kazakhstan's longitudes as its axis it shows Europe and China with their true
areas and little bending.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

__all__ = ["EURASIA", "Albers", "Frame", "Point"]

Point = tuple[float, float]


@dataclass(frozen=True)
class Albers:
    """Albers equal-area conic of a unit sphere; angles in degrees."""

    south: float
    north: float
    origin: float
    axis: float

    @cached_property
    def _constants(self) -> tuple[float, float, float]:
        phi1, phi2, phi0 = (math.radians(v) for v in (self.south, self.north, self.origin))
        n = (math.sin(phi1) + math.sin(phi2)) / 2  # 14-6
        c = math.cos(phi1) ** 2 + 2 * n * math.sin(phi1)  # 14-5
        return n, c, math.sqrt(c - 2 * n * math.sin(phi0)) / n  # 14-3a

    def __call__(self, lon: float, lat: float) -> Point:
        """x to the east and y to the north, in radii of the sphere."""
        n, c, rho0 = self._constants
        rho = math.sqrt(c - 2 * n * math.sin(math.radians(lat))) / n  # 14-3
        theta = n * math.radians(lon - self.axis)  # 14-4
        return rho * math.sin(theta), rho0 - rho * math.cos(theta)  # 14-1, 14-2


EURASIA = Albers(south=30, north=60, origin=45, axis=65)


@dataclass(frozen=True)
class Frame:
    """A window of ``width`` by ``height`` on a projection: y grows downwards, as in SVG."""

    projection: Albers
    width: float
    height: float
    scale: float
    x0: float
    y0: float

    def __call__(self, lon: float, lat: float) -> Point:
        x, y = self.projection(lon, lat)
        return (x - self.x0) * self.scale + self.width / 2, (self.y0 - y) * self.scale + self.height / 2

    def holds(self, point: Point, margin: float = 0.0) -> bool:
        return -margin <= point[0] <= self.width + margin and -margin <= point[1] <= self.height + margin

    @classmethod
    def fit(
        cls, spots: Iterable[Point], width: float, height: float, pad: float = 0.0, projection: Albers = EURASIA,
        closest: float = 0.03,
    ) -> Frame:
        """The frame that shows all ``spots`` (longitude, latitude) with ``pad`` of its size free on each side.

        ``closest`` is the least width shown, in radii: one place alone is not blown up without end.
        """
        points = [projection(lon, lat) for lon, lat in spots]
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        free = 1 - 2 * pad
        scale = min(
            width * free / max(max(xs) - min(xs), closest),
            height * free / max(max(ys) - min(ys), closest * height / width),
        )
        return cls(projection, width, height, scale, (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
