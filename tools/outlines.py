"""Make src/keruen/show/outlines.json, the land under the map, from Natural Earth.

Run once, by hand, when the data is made (never at run time)::

    python tools/outlines.py [countries-50m.json] [-o src/keruen/show/outlines.json]

Without a file it fetches the npm package world-atlas 2.0.2 with ``npm pack`` into a temporary folder.
Standard library only, no clock and no random numbers: the same input gives the same bytes.

What it does, in order: gives three pieces to the countries the United Nations count them to (``JOIN``), drops
islands outside ``WINDOW``, simplifies each shared arc once (so neighbours keep one common border), unwraps
rings that cross 180 degrees, and writes whole hundredths of a degree, each ring as its first point and then steps.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

PACKAGE = "world-atlas@2.0.2"
MEMBER = "package/countries-50m.json"
DIGEST = "04342cdc1e3016bcd7db1630de95684d67b79fe3c8c460321e87aef469502394"
TARGET = Path(__file__).resolve().parents[1] / "src" / "keruen" / "show" / "outlines.json"

SCALE = 100  # hundredths of a degree, about a kilometre
TOLERANCE = 0.025  # degrees of latitude a simplified line may stray
SMALLEST = 0.02  # square degrees; smaller islands are dropped unless they are all a country has
WINDOW = (-25.0, -37.0, 155.0, 82.0)  # an island is kept whole if it touches this, so nothing is cut straight

Point = tuple[float, float]
Ring = list[int]  # arc numbers as TopoJSON has them: ~n is arc n backwards

# Pieces that this edition draws apart from the state of which the United Nations count them a part:
# (whose shape holds it, a point inside it, or None for all of the shape) -> state it is merged into.
JOIN: list[tuple[str, Point | None, str, str]] = [
    ("Russia", (34.1, 45.3), "Ukraine", "Crimea (General Assembly resolution 68/262)"),
    ("N. Cyprus", None, "Cyprus", "the north of Cyprus (Security Council resolution 541)"),
    ("Somaliland", None, "Somalia", "Somaliland"),
]

# ISO 3166-1: number in world-atlas, then letters in the tables of a case.
_CODES = """
004AF 008AL 012DZ 020AD 024AO 031AZ 032AR 036AU 040AT 048BH 050BD 051AM 056BE 064BT 070BA 072BW 086IO 096BN
100BG 104MM 108BI 112BY 116KH 120CM 132CV 140CF 144LK 148TD 156CN 158TW 174KM 175YT 178CG 180CD 191HR 196CY
203CZ 204BJ 208DK 226GQ 231ET 232ER 233EE 234FO 246FI 248AX 250FR 262DJ 266GA 268GE 270GM 275PS 276DE 288GH
292GI 300GR 324GN 336VA 344HK 348HU 352IS 356IN 360ID 364IR 368IQ 372IE 376IL 380IT 384CI 392JP 398KZ 400JO
404KE 408KP 410KR 414KW 417KG 418LA 422LB 426LS 428LV 430LR 434LY 438LI 440LT 442LU 446MO 450MG 454MW 458MY
462MV 466ML 470MT 478MR 480MU 492MC 496MN 498MD 499ME 504MA 508MZ 512OM 516NA 524NP 528NL 562NE 566NG 578NO
583FM 585PW 586PK 598PG 608PH 616PL 620PT 624GW 626TL 634QA 638RE 642RO 643RU 646RW 654SH 674SM 678ST 682SA
686SN 688RS 690SC 694SL 702SG 703SK 704VN 705SI 706SO 710ZA 716ZW 724ES 728SS 729SD 732EH 748SZ 752SE 756CH
760SY 762TJ 764TH 768TG 784AE 788TN 792TR 795TM 800UG 804UA 807MK 818EG 826GB 831GG 832JE 833IM 834TZ 854BF
860UZ 887YE 894ZM
"""
CODES = {word[:3]: word[3:] for word in _CODES.split()}

# Where a reader looks for a name: text, longitude, latitude, kind. Chosen by eye. The first free place of a name is used.
LABELS: list[tuple[str, float, float, str]] = [
    ("Kazakhstan", 67.2, 48.9, "country"),
    ("Kazakhstan", 64.0, 49.7, "country"),
    ("Kazakhstan", 73.6, 45.6, "country"),
    ("Kazakhstan", 77.0, 48.8, "country"),
    ("Kazakhstan", 63.4, 45.9, "country"),
    ("Russia", 66.0, 59.6, "country"),
    ("China", 103.0, 36.6, "country"),
    ("Mongolia", 103.5, 46.6, "country"),
    ("India", 78.5, 23.5, "country"),
    ("Iran", 55.3, 32.6, "country"),
    ("Turkmenistan", 58.6, 39.6, "country"),
    ("Turkmenistan", 58.8, 38.6, "country"),
    ("Uzbekistan", 63.2, 42.4, "country"),
    ("Uzbekistan", 64.8, 41.2, "country"),
    ("Afghanistan", 65.6, 33.8, "country"),
    ("Pakistan", 68.4, 29.0, "country"),
    ("Ukraine", 31.6, 49.2, "country"),
    ("Belarus", 28.2, 53.6, "country"),
    ("Poland", 19.2, 52.7, "country"),
    ("Germany", 10.3, 51.0, "country"),
    ("France", 2.6, 46.9, "country"),
    ("Italy", 12.4, 43.0, "country"),
    ("Romania", 24.8, 45.9, "country"),
    ("Türkiye", 34.2, 39.2, "country"),
    ("Saudi Arabia", 44.8, 24.0, "country"),
    ("Iraq", 43.4, 33.2, "country"),
    ("Egypt", 29.2, 26.8, "country"),
    ("Finland", 26.2, 63.6, "country"),
    ("Sweden", 15.6, 62.4, "country"),
    ("Viet Nam", 108.0, 14.4, "country"),
    ("Caspian Sea", 50.7, 41.7, "sea"),
    ("Black Sea", 34.2, 43.3, "sea"),
    ("Mediterranean Sea", 19.0, 34.6, "sea"),
    ("Arabian Sea", 64.0, 17.5, "sea"),
    ("Bay of Bengal", 88.5, 15.0, "sea"),
]


def fetch(folder: Path) -> Path:
    """countries-50m.json of the package, unpacked into ``folder``."""
    subprocess.run(["npm", "pack", PACKAGE, "--silent"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        member = archive.extractfile(MEMBER)
        assert member is not None
        path = folder / "countries-50m.json"
        path.write_bytes(member.read())
    return path


def decode(topology: dict[str, Any]) -> list[list[Point]]:
    """Arcs in degrees: TopoJSON stores steps of a grid."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs: list[list[Point]] = []
    for steps in topology["arcs"]:
        x = y = 0
        arc: list[Point] = []
        for dx, dy in steps:
            x, y = x + dx, y + dy
            arc.append((x * sx + tx, y * sy + ty))
        arcs.append(arc)
    return arcs


def corners(ring: Ring, arcs: list[list[Point]]) -> list[Point]:
    """The points of a ring, first one not repeated, running on past 180 degrees where it crosses there."""
    points: list[Point] = []
    for number in ring:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points.extend(arc[:-1])
    out: list[Point] = []
    turn = 0.0
    for i, (lon, lat) in enumerate(points):
        if i and lon - points[i - 1][0] > 180:
            turn -= 360
        elif i and lon - points[i - 1][0] < -180:
            turn += 360
        out.append((lon + turn, lat))
    if out and max(lon for lon, _ in out) < -150:  # the far tip of Chukotka belongs at the right edge
        out = [(lon + 360, lat) for lon, lat in out]
    return out


def sides(points: list[Point]) -> Iterator[tuple[Point, Point]]:
    return zip(points, points[1:] + points[:1], strict=True)


def area(points: list[Point]) -> float:
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in sides(points))) / 2


def holds(points: list[Point], spot: Point) -> bool:
    inside = False
    for (x1, y1), (x2, y2) in sides(points):
        if (y1 > spot[1]) != (y2 > spot[1]) and spot[0] < (x2 - x1) * (spot[1] - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def touches(points: list[Point]) -> bool:
    west, south, east, north = WINDOW
    lons, lats = [p[0] for p in points], [p[1] for p in points]
    return max(lons) >= west and min(lons) <= east and max(lats) >= south and min(lats) <= north


def dissolve(rings: list[Ring], arcs: list[list[Point]]) -> list[Ring]:
    """One shape from touching rings: an arc used both ways is inside it and goes."""
    used = [number for ring in rings for number in ring]
    left = [number for number in used if ~number not in used]

    def start(number: int) -> Point:
        return arcs[number][0] if number >= 0 else arcs[~number][-1]

    def end(number: int) -> Point:
        return start(~number)

    out: list[Ring] = []
    while left:
        ring = [left.pop(0)]
        while end(ring[-1]) != start(ring[0]):
            follow = next(number for number in left if start(number) == end(ring[-1]))
            left.remove(follow)
            ring.append(follow)
        out.append(ring)
    return out


def simplify(arc: list[Point]) -> list[Point]:
    """Douglas and Peucker (1973), with longitude shortened by latitude; a closed arc is split at its far point."""
    if len(arc) < 3:
        return arc
    flat = [(x * max(0.2, math.cos(math.radians(y))), y) for x, y in arc]
    keep = {0, len(arc) - 1}
    stack = [(0, len(arc) - 1)]
    if arc[0] == arc[-1]:
        far = max(range(len(arc)), key=lambda i: math.dist(flat[0], flat[i]))
        keep.add(far)
        stack = [(0, far), (far, len(arc) - 1)]
    while stack:
        i, j = stack.pop()
        (ax, ay), (bx, by) = flat[i], flat[j]
        length = math.dist(flat[i], flat[j])
        worst, at = TOLERANCE, -1
        for k in range(i + 1, j):
            x, y = flat[k]
            if length == 0:
                gap = math.dist(flat[i], flat[k])
            else:
                along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length**2
                along = min(1.0, max(0.0, along))
                gap = math.dist((x, y), (ax + along * (bx - ax), ay + along * (by - ay)))
            if gap > worst:
                worst, at = gap, k
        if at >= 0:
            keep.add(at)
            stack += [(i, at), (at, j)]
    return [arc[k] for k in sorted(keep)]


def packed(points: list[Point]) -> list[int]:
    """First point, then steps, in whole hundredths; repeated points are left out."""
    whole = [(round(lon * SCALE), round(lat * SCALE)) for lon, lat in points]
    slim = [p for i, p in enumerate(whole) if i == 0 or p != whole[i - 1]]
    if len(slim) > 1 and slim[0] == slim[-1]:
        slim.pop()
    out = [*slim[0]]
    for (ax, ay), (bx, by) in pairwise(slim):
        out += [bx - ax, by - ay]
    return out


def build(topology: dict[str, Any]) -> dict[str, Any]:
    """The contents of outlines.json."""
    arcs = decode(topology)
    shapes: dict[str, list[list[Ring]]] = {}
    codes: dict[str, str] = {}
    for geometry in topology["objects"]["countries"]["geometries"]:
        name = geometry["properties"]["name"]
        polygons = [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]
        shapes.setdefault(name, []).extend(polygons)
        codes[name] = CODES.get(str(geometry.get("id", "")), "")

    for holder, spot, state, _ in JOIN:
        moved = [p for p in shapes[holder] if spot is None or holds(corners(p[0], arcs), spot)]
        if len(moved) != 1:
            raise SystemExit(f"expected one piece of {holder} to merge into {state}, found {len(moved)}")
        shapes[holder] = [p for p in shapes[holder] if p not in moved]
        border = {~number for number in moved[0][0]}
        near = next(p for p in shapes[state] if border & set(p[0]))
        shapes[state].remove(near)
        shapes[state].append(dissolve([*near, *moved[0]], arcs))

    thin = [simplify(arc) for arc in arcs]
    land: dict[str, list[list[int]]] = {}
    for name in sorted(shapes):
        sized = []
        for polygon in shapes[name]:
            full = corners(polygon[0], arcs)
            if touches(full):
                sized.append((area(full), full[0], polygon))
        sized.sort(key=lambda item: (-item[0], item[1]))
        rings = []
        for i, (size, _, polygon) in enumerate(sized):
            if i and size < SMALLEST:
                continue
            for ring in polygon:
                steps = packed(corners(ring, thin))
                if len(steps) < 6:  # a state as small as Singapore must not vanish
                    steps = packed(corners(ring, arcs))
                if len(steps) >= 6:
                    rings.append(steps)
        if rings:
            land.setdefault(codes[name] or name, []).extend(rings)
    return {
        "about": (
            "Outlines for drawing only. They take no position on borders, names or who governs where. "
            "Borders follow the source, except that these are drawn with the state of which the United Nations "
            "count them a part: " + "; ".join(f"{what} with {state}" for _, _, state, what in JOIN) + "."
        ),
        "origin": "Natural Earth 4.1.0, countries 1:50m, by way of the npm package world-atlas 2.0.2 (countries-50m.json)",
        "licence": "Natural Earth is in the public domain; world-atlas is under the ISC licence",
        "made_by": "tools/outlines.py",
        "scale": SCALE,
        "format": "land: ISO 3166 code (or name) -> rings; a ring is lon, lat, then steps, all divided by scale",
        "labels": [list(label) for label in LABELS],
        "land": dict(sorted(land.items())),
    }


def written(outlines: dict[str, Any]) -> str:
    """JSON with one country or label a line, so that a change can be read."""
    parts = []
    for key, value in outlines.items():
        if key == "land":
            rows = [f"{json.dumps(k, ensure_ascii=False)}:{json.dumps(v, separators=(',', ':'))}" for k, v in value.items()]
            parts.append('"land":{\n' + ",\n".join(rows) + "\n}")
        elif key == "labels":
            rows = [json.dumps(v, ensure_ascii=False) for v in value]
            parts.append('"labels":[\n' + ",\n".join(rows) + "\n]")
        else:
            parts.append(f"{json.dumps(key)}:{json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("countries", nargs="?", type=Path, help="countries-50m.json; fetched with npm when left out")
    parser.add_argument("-o", "--output", type=Path, default=TARGET)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.countries or fetch(Path(folder))
        raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != DIGEST:
        print(f"note: {path.name} is not the file of {PACKAGE} that this was written for", file=sys.stderr)
    text = written(build(json.loads(raw)))
    given.output.write_text(text, encoding="utf-8", newline="\n")
    print(f"{given.output}: {len(text.encode())} bytes")


if __name__ == "__main__":
    main()
