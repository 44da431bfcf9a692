"""A plan as a map: for the report, the page and the notebook."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keruen.show.map import MapLink, MapParts, MapPlace, draw_map, draw_parts, round_up

if TYPE_CHECKING:
    from keruen.plan import Plan

__all__ = ["PlanMap", "plan_map", "plan_parts"]

MARKED = 0.3  # Mt more or less than in the base, for a mark on the map
BOTH_WAYS = 0.15  # of what goes the main way, for a mark of its own


@dataclass(frozen=True)
class PlanMap:
    """A map that a notebook shows by itself, with no server and no script: names and numbers appear under the pointer."""

    svg: str
    title: str

    def __repr__(self) -> str:
        return f"<PlanMap {self.title}: {len(self.svg):,} characters of SVG; .save('map.svg') writes it>"

    def _repr_html_(self) -> str:
        return f'<div style="max-width:1200px">{self.svg}</div>'

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> None:
        """Write it as an SVG file."""
        Path(path).write_text(self.svg + "\n", encoding="utf-8")


def plan_map(plan: Plan, base: Plan | None = None, *, planned: bool = False) -> str:
    """The SVG map of a plan. Width counts tonnes of all commodities both ways; links that carry other than in ``base`` are marked.

    planned: draw links that are not built in this year, too.
    """
    places, links = _drawn(plan, base, planned)
    case = plan.network.case
    return draw_map(places, links, home=case.home, full_width=_widest(plan, base), name=f"{case.title}, {plan.year}")


def plan_parts(plan: Plan, base: Plan | None = None, *, width: int = 1200, height: int = 760) -> MapParts:
    """The same in pieces, without legend and titles and with what is only planned."""
    places, links = _drawn(plan, base, planned=True)
    return draw_parts(places, links, home=plan.network.case.home, full_width=_widest(plan, base), width=width, height=height, legend=False,
                      titles=False)  # fmt: skip


def _widest(plan: Plan, base: Plan | None) -> float:
    return round_up(max([1.0] + [x["mt"] for p in (plan, base) if p for x in p.loads.values()]))


def _drawn(plan: Plan, base: Plan | None, planned: bool) -> tuple[list[MapPlace], list[MapLink]]:
    case, closed = plan.network.case, plan.network.overlay.closed_by
    used = {end for link in case.links.values() for end in (link.from_, link.to)}
    places = [MapPlace(p.place, p.name, p.country, p.lon, p.lat, p.kind) for p in case.places.values() if p.place in used]
    links = []
    for name, link in case.links.items():
        load = plan.loads[name]
        shut = ("links", name) in closed
        absent = not load["open"] and not shut
        if absent and not planned:
            continue
        before = base.loads[name]["mt"] if base else load["mt"]
        links.append(
            MapLink(
                name,
                link.from_,
                link.to,
                link.mode,
                load["mt"],
                None,
                load["utilisation"],
                "Mt",
                _title(plan, name, shut, absent),
                closed=shut,
                changed=not shut and abs(before - load["mt"]) > MARKED,
                heading=_heading(plan, load),
                planned=absent,
            )
        )
    return places, links


def _heading(plan: Plan, load: dict[str, Any]) -> str:
    """The way most of the weight goes."""
    ways = {"forward": 0.0, "back": 0.0}
    for row in load["flows"]:
        ways[row["direction"]] += row["flow"] * plan.network.counted(row["commodity"], "Mt")
    least, most = sorted(ways.values())
    if most <= 0:
        return ""
    return "both" if least > BOTH_WAYS * most else max(sorted(ways), key=lambda w: ways[w])


def _title(plan: Plan, name: str, shut: bool, absent: bool) -> str:
    link, load = plan.network.case.links[name], plan.loads[name]
    places = plan.network.case.places
    words = f"{name}: {places[link.from_].name} - {places[link.to].name}"
    if shut:
        return words + ", closed"
    if absent:
        return words + f", {link.mode.replace('_', ' ')}, not built in {plan.year}"
    parts = [f"{f['flow']:.3g} {f['unit']} {f['commodity']}{' back' if f['direction'] == 'back' else ''}" for f in load["flows"]]
    full = "" if load["utilisation"] is None else f", {100 * load['utilisation']:.0f} % full"
    return words + ": " + (", ".join(parts) or "no flow") + full
