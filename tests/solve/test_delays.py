"""Delay curves: against numerical integrals, derivatives and minima; what makes no sense is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from keruen.errors import UsageError
from keruen.solve.delays import BPR, DAVIDSON, FLAT, POINTS, Delays

KINDS = [FLAT, BPR, BPR, BPR, BPR, DAVIDSON, POINTS, POINTS, POINTS]
MIXED = Delays(
    KINDS,
    free=[1, 0, 2, 1, 0.5, 1, 2, 0, 1],
    scale=[0, 3, 2, 0.5, 4, 2, 0, 0, 0],
    capacity=[1, 5, 4, 5, 2, 5, 5, 4, 2],
    power=[1, 4, 0.5, 2.3, 1, 1, 1, 1, 1],
    point_start=[0, 0, 0, 0, 0, 0, 0, 3, 4, 8],
    point_x=[0.5, 1, 1.5, 0, 0, 0.25, 0.25, 1],
    point_y=[1, 1, 3, 2, 0.5, 1, 2, 5],
)
CORNERS = [[], [], [], [], [], [], [2.5, 5], [], [0.5]]  # where a derivative has none


@pytest.mark.parametrize("share", [0.05, 0.3, 0.62, 0.97])
def test_slope_and_integral(share: float) -> None:
    v = share * MIXED.capacity
    for e in range(len(MIXED)):
        def cost(x: float, e: int = e) -> float:
            return float(MIXED.cost(np.full(len(MIXED), x))[e])

        area = quad(cost, 0, v[e], points=[c for c in CORNERS[e] if c < v[e]] or None, limit=200)[0]
        assert MIXED.integral(v)[e] == pytest.approx(area, rel=1e-9)
        h = 1e-6 * v[e]
        assert MIXED.slope(v)[e] == pytest.approx((cost(v[e] + h) - cost(v[e] - h)) / (2 * h), rel=1e-3, abs=1e-6)


def test_by_hand() -> None:
    at_half = MIXED.cost(0.5 * MIXED.capacity)
    assert at_half == pytest.approx([1, 3 / 16, 2 + 2**0.5, 1 + 0.5 * 0.5**2.3, 2.5, 3, 3, 2, 1 + 2 + 3 * 0.25 / 0.75])
    assert MIXED.cost(1.5 * MIXED.capacity)[-1] == pytest.approx(1 + 5 + 4 * 0.5)  # its last slope
    assert MIXED.cost(0) == pytest.approx([1, 0, 2, 1, 0.5, 1, 2, 2, 1.5])
    assert MIXED.integral(0).tolist() == [0] * 9
    assert np.isinf(MIXED.cost(5.0)[5])
    assert np.isinf(MIXED.integral(5.0)[5])
    assert np.isfinite(MIXED.slope(0)).all()


@pytest.mark.parametrize("share", [0.1, 0.4, 0.9])
def test_inverse_finds_the_load(share: float) -> None:
    v = share * MIXED.capacity
    back = MIXED.inverse(MIXED.cost(v))
    for e, kind in enumerate(MIXED.kind):
        if kind in (BPR, DAVIDSON):
            assert back[e] == pytest.approx(v[e], rel=1e-9)
        assert MIXED.cost(np.minimum(back, 1e9))[e] == pytest.approx(MIXED.cost(v)[e])


@given(st.floats(0, 12), st.floats(0.05, 1.8))
def test_conjugate_is_the_least(w: float, share: float) -> None:
    limit = share * MIXED.capacity
    least = MIXED.conjugate_min(w, limit)
    tried = np.full(len(MIXED), np.inf)
    for t in np.linspace(0, 1, 301):
        v = t * limit
        tried = np.minimum(tried, MIXED.integral(v) - w * v)
    assert (least <= tried + 1e-9).all()
    assert least == pytest.approx(tried, abs=2e-3 * (1 + w) * 5)
    free = MIXED.conjugate_min(w)
    assert (free <= least + 1e-12).all()
    finite = np.isfinite(free)
    at = MIXED.inverse(w)
    assert free[finite] == pytest.approx((MIXED.integral(np.where(finite, at, 0)) - w * np.where(finite, at, 0))[finite], abs=1e-9)
    assert bool(np.isinf(free[0])) == (w > 1)  # flat


def test_tiny_davidson_loads_keep_their_digits() -> None:
    d = Delays(DAVIDSON, 1.0, 1.0, [1.0])
    v = 1e-9
    assert d.integral(v)[0] - v == pytest.approx(v * v / 2, rel=1e-6)
    assert d.conjugate_min(1 + 1e-8)[0] == pytest.approx(-(1e-8**2) / 2, rel=1e-6)


def test_marginal_is_cost_and_what_others_lose() -> None:
    convex = Delays([FLAT, BPR, BPR, DAVIDSON, POINTS, POINTS], [1, 2, 0, 1, 1, 3], [0, 3, 1, 2, 0, 0], 4.0, [1, 4, 0.5, 1, 1, 1], [0, 0, 0, 0, 0, 3, 4],
                    [0.0, 0.5, 1, 0], [0.0, 1, 3, 7])  # fmt: skip
    m = convex.marginal()
    for v in (0.3, 1.2, 2.9, 3.9):
        assert m.cost(v) == pytest.approx(convex.cost(v) + v * convex.slope(v))
        assert m.integral(v) == pytest.approx(v * convex.cost(v))
        back = m.inverse(m.cost(v))
        assert m.integral(back) - m.cost(v) * back == pytest.approx(m.conjugate_min(m.cost(v)), abs=1e-9)
        assert back[[1, 2, 3]] == pytest.approx([v] * 3)
    with pytest.raises(UsageError, match="marginal curves already"):
        m.marginal()
    with pytest.raises(UsageError, match="edge 0 that grow slower further on"):
        Delays(POINTS, 0.0, 0, 1, 1, [0, 3], [0, 1, 2], [0, 5, 6]).marginal()


def test_what_cannot_grow_is_flat() -> None:
    d = Delays.bpr([1.0, 2, 3, 4], [0.0, 5, 5, 0], [0.0, 1, np.inf, 1], [4, 0, 4, 0])
    assert d.kind.tolist() == [FLAT] * 4
    assert d.cost(7).tolist() == [1, 7, 3, 4]
    assert d.plus(1.0).cost(0).tolist() == [2, 8, 4, 5]
    assert not d.free.flags.writeable
    assert len(Delays.bpr([], [], [], [])) == 0


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ({"kind": [7], "free": 1}, r"kind\[0\]: found 7; expected 0 flat, 1 bpr"),
        ({"kind": 1, "free": [1.0, -1]}, r"free\[1\]: found -1; expected a cost from 0"),
        ({"kind": 1, "free": [np.nan]}, r"free\[0\]: found nan"),
        ({"kind": 1, "free": [1], "scale": -1}, r"scale\[0\]: found -1"),
        ({"kind": 1, "free": [1, 1, 1], "scale": 1, "capacity": 0}, r"capacity\[0\]: found 0; expected a number above 0.*2 more like it"),
        ({"kind": 1, "free": [1], "scale": 1, "capacity": 1, "power": -0.5}, r"power\[0\]: found -0.5"),
        ({"kind": 2, "free": [1], "scale": 0, "capacity": 1}, r"scale\[0\]: found 0; .*hard capacity"),
        ({"kind": 2, "free": [1], "scale": 1}, r"capacity\[0\]: found inf"),
        ({"kind": 1, "free": [1, 2], "scale": [1, 2, 3]}, r"free: found 2 entries; expected one for each of 3"),
        ({"kind": 1, "free": ["dear"]}, "free: found entries that are no numbers"),
        ({"kind": 1, "free": [[1.0]]}, "free: found an array of 2 dimensions"),
        ({"kind": 3, "free": [1], "capacity": 1}, "points of edge 0: found none"),
        ({"kind": 3, "free": [1], "capacity": 1, "point_start": [0, 2], "point_x": [0, 1], "point_y": [2, 1]}, "extras that never fall"),
        ({"kind": 3, "free": [1], "capacity": 1, "point_start": [0, 2], "point_x": [1, 1], "point_y": [0, 1]}, "expected rising shares"),
        ({"kind": 3, "free": [1], "capacity": 1, "point_start": [0, 3], "point_x": [0, 1], "point_y": [0, 1]}, "point_start: found rows that do not fit"),
    ],
)
def test_refused(given_: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Delays(**given_)  # type: ignore[arg-type]
