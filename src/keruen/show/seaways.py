"""Sea lanes for drawing: a small graph of straits and turning points, so that a line on the map keeps to water.

It is made by hand and serves the drawing alone: lengths and costs of sea links are those of the case. The Caspian
has no lanes; lines across it are drawn straight.
"""

from __future__ import annotations

import heapq
import math
from functools import lru_cache
from itertools import pairwise

__all__ = ["sea_way"]

Spot = tuple[float, float]  # longitude, latitude

# One lane a line (a comma at its end: it goes on): name lon lat, name lon lat ... A name alone is a point met before.
_LANES = """
gulf-of-finland 26.6 59.85, hanko 22.6 59.3, gotland 19.9 57.7, bornholm 16.2 55.4, mon 12.6 54.75,
  gedser 12.0 54.4, fehmarn 11.2 54.55, langeland 11.0 54.95, belt 10.95 55.35, samso 10.85 55.75,
  kattegat 11.3 57.1, skagen 10.6 57.95, jutland 7.4 57.0, dogger 5.2 54.6, hook 3.7 52.1
gotland, gdansk-bay 19.2 55.0, bornholm
gedser, rostock-road 12.1 54.3
jutland, german-bight 7.4 54.3, elbe 8.6 54.05
elbe, german-bight, texel 4.6 53.4, hook
hook, dover 1.35 50.95, channel -1.5 50.0, ushant -5.9 48.8, biscay -8.0 46.0, finisterre -9.9 43.2, roca -9.9 38.6,
  saint-vincent -9.2 36.7, gibraltar -5.6 35.95, alboran -2.0 36.2, algiers 4.0 37.4, galite 9.3 37.7,
  cape-bon 11.4 37.3, malta 14.6 35.7, ionian 18.6 36.0, matapan 22.5 36.1, kythira 23.25 36.37, cyclades 24.3 37.6,
  kafireas 24.75 38.1, lesbos 25.4 39.2, dardanelles 26.05 40.0, gallipoli 26.7 40.42, marmara 27.9 40.7,
  bosporus-south 28.95 40.95, bosporus 29.06 41.1, bosporus-north 29.2 41.35, burgas-road 28.6 42.4,
  dobruja 29.3 43.9
bosporus-north, amasra 32.0 42.3, sinop 35.2 42.6, colchis 40.6 42.1
sinop, novorossiysk-road 37.3 44.2
bosporus-north, black-sea-west 31.0 43.2, novorossiysk-road
dobruja, black-sea-west, black-sea-mid 35.0 43.3, novorossiysk-road
black-sea-mid, colchis
novorossiysk-road, pitsunda 39.6 43.0, colchis
malta, sicily-east 15.7 36.6, otranto-south 18.7 38.6, otranto 18.9 40.2, adriatic 16.6 42.5, ancona 14.2 44.2,
  trieste-gulf 13.3 45.3
matapan, otranto-south
sicily-east, ionian
malta, crete-south 24.2 34.3, nile 30.0 32.2, port-said 32.35 31.6, suez-canal 32.4 30.4, suez-gulf 32.75 29.3,
  hurghada 34.2 27.3, red-sea-north 36.7 23.4, red-sea-mid 38.8 19.4, red-sea-south 41.6 15.0,
  bab-el-mandeb 43.35 12.55, aden 46.5 12.3, socotra 52.5 13.6, arabian-sea 62.0 13.4, laccadives 73.0 8.6,
  comorin 77.4 6.9, dondra 80.6 5.6, bengal 88.0 5.7, aceh 94.6 6.2, malacca-north 98.4 4.9, malacca 101.3 2.6,
  singapore-west 103.4 1.15, singapore 103.9 1.2, singapore-east 104.7 1.5, anambas 106.6 4.3, con-son 109.4 8.6,
  annam 111.0 12.5, macclesfield 113.6 17.5, pearl-river 115.6 21.3, taiwan-strait 119.3 24.4, zhejiang 122.5 28.6,
  yangtze 122.5 31.0, yellow-sea 121.7 33.8, haizhou 120.0 34.9
port-said, kasos 27.0 35.5, icaria 26.0 37.2, lesbos
nile, kasos
kasos, rhodes 28.3 35.7, anamur 31.5 35.95, mersin-gulf 34.3 36.2, iskenderun 35.4 36.4, latakia 35.2 35.3,
  levant 33.9 33.3, port-said
crete-south, rhodes
arabian-sea, mumbai-road 71.6 18.4, laccadives
socotra, mumbai-road
socotra, ras-al-hadd 60.4 22.4, gulf-of-oman 58.4 25.0, musandam 57.0 25.8, hormuz 56.7 26.5, gulf 53.0 26.4,
  shatt 49.6 29.2
ras-al-hadd, mumbai-road
ras-al-hadd, arabian-sea
gulf-of-oman, karachi-road 66.4 24.3, mumbai-road
dondra, hambantota 81.6 5.6, batticaloa 82.5 7.6, chennai-road 81.0 12.6, chittagong-road 90.5 20.5
annam, da-nang 109.6 15.8, tonkin 108.0 18.6, hai-phong-road 107.2 20.3
con-son, da-nang
da-nang, hainan 110.6 17.9, pearl-river
aceh, mauritius 62.0 -22.0, agulhas 26.0 -36.0, cape 18.0 -35.0, namibia 9.0 -20.0, liberia -13.5 4.5,
  dakar -18.6 14.8, blanc -18.2 21.0, canaries -15.0 29.0, roca
socotra, mogadishu 50.5 3.0, mozambique 42.5 -14.0, natal 34.5 -28.0, agulhas
"""
_CASPIAN = (46.4, 36.4, 55.0, 47.6)


def _read() -> tuple[dict[str, Spot], dict[str, set[str]]]:
    spots: dict[str, Spot] = {}
    near: dict[str, set[str]] = {}
    for line in _LANES.strip().replace(",\n", ",").splitlines():
        names = []
        for item in line.split(","):
            name, *figures = item.split()
            if figures:
                spots[name] = (float(figures[0]), float(figures[1]))
            names.append(name)
        for a, b in pairwise(names):
            near.setdefault(a, set()).add(b)
            near.setdefault(b, set()).add(a)
    return spots, near


_SPOTS, _NEAR = _read()


def _arc(a: Spot, b: Spot) -> float:
    """Angle between two spots of the globe."""
    lon1, lat1, lon2, lat2 = (math.radians(v) for v in (*a, *b))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * math.asin(min(1.0, math.sqrt(h)))


def _in_caspian(spot: Spot) -> bool:
    west, south, east, north = _CASPIAN
    return west <= spot[0] <= east and south <= spot[1] <= north


@lru_cache(maxsize=4096)
def sea_way(lon1: float, lat1: float, lon2: float, lat2: float) -> tuple[Spot, ...]:
    """The turning points between two ports, ends left out; empty where a straight line will do.

    Each port joins the lanes at the point nearest to it; between those the way is the shortest. A point that
    would make the line turn back on itself at its start or end is left out.
    """
    start, goal = (lon1, lat1), (lon2, lat2)
    if _in_caspian(start) or _in_caspian(goal):
        return ()
    first, last = (min(_SPOTS, key=lambda name: (_arc(_SPOTS[name], spot), name)) for spot in (start, goal))
    if _arc(start, goal) < max(_arc(start, _SPOTS[first]), _arc(goal, _SPOTS[last])):
        return ()
    best: dict[str, tuple[float, str]] = {first: (0.0, "")}
    queue = [(0.0, first)]
    done: set[str] = set()
    while queue:
        far, name = heapq.heappop(queue)
        if name in done:
            continue
        done.add(name)
        if name == last:
            break
        for other in sorted(_NEAR[name]):
            length = far + _arc(_SPOTS[name], _SPOTS[other])
            if other not in best or length < best[other][0]:
                best[other] = (length, name)
                heapq.heappush(queue, (length, other))
    names = [last]
    while names[-1] != first:
        names.append(best[names[-1]][1])
    way = [_SPOTS[name] for name in reversed(names)]
    if len(way) > 1 and _arc(start, way[1]) < _arc(way[0], way[1]):
        way.pop(0)
    if len(way) > 1 and _arc(goal, way[-2]) < _arc(way[-1], way[-2]):
        way.pop()
    return tuple(way)
