// The levers: year, what is changed, events, projects, rules, supplies and prices.

import { byId, el, land, num } from "./dom.js";
import { change, figureOf, has, put, state, toggle } from "./state.js";

let updates = [];

export function levers(facts) {
  const box = byId("levers");
  updates = [];
  box.replaceChildren(...[
    year(facts),
    facts.behaviours.length > 1 ? behaviour(facts) : null,
    changed(facts),
    list("Events", "scenario", facts.events.map(e => ({ word: e.scenario, text: e.title, more: [e.year, e.confidence && `confidence ${e.confidence}`, e.text].filter(Boolean).join(". ") })), lasts()),
    projects(facts),
    rules(facts),
    sliders("Supplies", "supply", "quantity", facts.supplies.map(s => ({ name: s.supply, text: `${s.commodity}, ${s.place}` }))),
    sliders("Prices abroad", "demand", "price", facts.demands.filter(d => d.priced).map(d => ({ name: d.demand, text: `${d.commodity}, ${d.place}` }))),
  ].filter(Boolean));
}

export function showLevers() { for (const update of updates) update(); }

function year(facts) {
  const range = el("input", { type: "range", id: "year", min: facts.first_year, max: facts.last_year, step: 1, "aria-describedby": "year-told" });
  const told = el("output", { id: "year-told", for: "year" });
  const set = value => change(s => { s.year = Number(value) === facts.base_year ? "" : String(value); });
  range.addEventListener("input", () => { told.textContent = range.value; });
  range.addEventListener("change", () => set(range.value));
  updates.push(() => { range.value = state.year || facts.base_year; told.textContent = range.value + (Number(range.value) === facts.base_year ? " (base year)" : ""); });
  return el("div", { class: "lever" }, el("h2", {}, el("label", { for: "year" }, "Year "), told), range,
    el("div", { class: "ends", "aria-hidden": "true" }, el("span", {}, facts.first_year), el("span", {}, facts.last_year)));
}

function behaviour(facts) {
  const pick = el("select", { id: "behaviour", onchange: () => change(s => { s.behaviour = pick.value === "planner" ? "" : pick.value; }) },
    facts.behaviours.map(b => el("option", { value: b }, b)));
  updates.push(() => { pick.value = state.behaviour || "planner"; });
  return el("div", { class: "lever" }, el("h2", {}, el("label", { for: "behaviour" }, "Who decides")), pick);
}

const thing = (kind, name) => kind === "country" ? name.replace(/^[A-Z]{2}(?=$|[,;])/, land) : `${kind} ${name}`;

// In words what an address says.
export function words([key, word], facts) {
  const plain = word.replace(/,(\w+)=([\d.]+)/g, (_, n, v) => ({ capacity: `, capacity × ${v}`, quantity: ` × ${v}`, price: ` × ${v}`, usd: `, ${v} USD a unit` }[n] ?? `, ${n} ${v}`));
  const [kind, ...rest] = plain.split("="), name = rest.join("=");
  const find = (rows, id, text) => rows.find(r => r[id] === word)?.[text] ?? word;
  switch (key) {
    case "scenario": return find(facts.events, "scenario", "title");
    case "add": return `Build ${find(facts.projects, "project", "name")}`;
    case "off": return `Leave out ${find(facts.projects, "project", "name")}`;
    case "without": return kind === "kind" ? `No ${name} rules` : `Without ${find(facts.rules, "rule", "title")}`;
    case "close": return `Close ${thing(kind, name)}`;
    case "tax": return `Tax ${thing(kind, name)}`;
    case "scale": return name.includes("capacity") ? `${kind} ${name}` : `${kind === "demand" ? "price" : kind} ${name}`;
    case "with": try { return `Rule: ${JSON.parse(word).title ?? JSON.parse(word).rule}`; } catch { return "Rule"; }
    default: return `${key} ${plain}`;
  }
}

function changed(facts) {
  const listed = el("ul", { class: "chips" });
  updates.push(() => {
    listed.replaceChildren(...state.changes.map(c => el("li", {}, el("span", {}, words(c, facts)),
      el("button", { "aria-label": `Take back: ${words(c, facts)}`, title: "Take back", onclick: () => toggle(...c, false) }, "×"))));
    if (!state.changes.length) listed.append(el("li", { class: "soft" }, "Nothing yet: this is the base. Click a link, place or country on the map, or pull a lever."));
  });
  return el("div", { class: "lever" }, el("h2", { id: "changed" }, "What is changed"), listed);
}

function lasts() {
  const tick = el("input", { type: "checkbox", id: "lasts", onchange: () => change(s => { s.lasts = tick.checked; }) });
  updates.push(() => { tick.checked = state.lasts; });
  return el("label", { class: "whole" }, tick, " Rates while it lasts, not the year around it");
}

function list(title, key, items, extra = null, open = false) {
  const rows = items.map(item => {
    const tick = el("input", { type: "checkbox", disabled: item.disabled, onchange: () => toggle(key, item.word, tick.checked !== Boolean(item.flip)) });
    const row = el("li", {}, el("label", { title: item.more || false }, tick, " ", item.text, item.tag ? el("span", { class: "tag" }, item.tag) : null));
    return { item, tick, row, text: `${item.word} ${item.text} ${item.tag || ""}`.toLowerCase() };
  });
  const seek = el("input", { type: "search", placeholder: "filter", "aria-label": `Filter ${title.toLowerCase()}`, oninput: () => {
    const asked = seek.value.trim().toLowerCase();
    for (const r of rows) r.row.hidden = asked !== "" && !r.text.includes(asked);
  } });
  const count = el("span", { class: "count" });
  updates.push(() => {
    let n = 0;
    for (const r of rows) { const on = has(key, r.item.word); r.tick.checked = on !== Boolean(r.item.flip); n += on; }
    count.textContent = n ? ` ${n} changed` : "";
  });
  return el("details", { class: "lever", open }, el("summary", {}, el("h2", {}, title), " ", el("span", { class: "soft" }, items.length), count),
    extra, rows.length > 8 ? seek : null, el("ul", { class: "ticks" }, rows.map(r => r.row)));
}

function projects(facts) {
  const cost = p => p.capex_musd ? `${num(p.capex_musd)} MUSD` : "cost not known";
  const later = facts.projects.filter(p => p.ready_year === null || p.ready_year > facts.base_year || !["completed", "operating"].includes(p.status));
  const byDate = p => p.ready_year !== null && p.ready_year > facts.base_year && ["completed", "operating", "under_construction"].includes(p.status);
  const add = later.filter(p => !byDate(p)).map(p => ({ word: p.project, text: p.name, tag: `${p.status.replace("_", " ")}${p.ready_year ? ", " + p.ready_year : ""}`, more: `${p.project}. ${cost(p)}${p.figure ? "" : ". No figure is known for what it adds"}`, disabled: !p.figure }));
  const off = later.filter(byDate).map(p => ({ word: p.project, text: p.name, tag: `from ${p.ready_year}`, more: `${p.project}. ${cost(p)}`, flip: true }));
  return el("div", {}, list("Projects to build", "add", add), list("Projects that come by date", "off", off));
}

function rules(facts) {
  const kinds = [...new Set(facts.rules.map(r => r.kind))].sort();
  const all = kinds.map(k => ({ word: `kind=${k}`, text: `all: ${k}`, flip: true }));
  return list("Rules in force", "without", [...all, ...facts.rules.map(r => ({ word: r.rule, text: r.title, tag: `${r.kind}, ${r.effect}`, more: r.rule, flip: true }))]);
}

function sliders(title, kind, figure, items) {
  const rows = items.map(item => {
    const told = el("output", {}), id = `${kind}-${item.name}`;
    const range = el("input", { type: "range", id, min: 0, max: 200, step: 5 });
    const say = () => { told.textContent = `${range.value} %`; };
    range.addEventListener("input", say);
    range.addEventListener("change", () => put("scale", `${kind}=${item.name}`, figure, range.value === "100" ? null : Number(range.value) / 100));
    updates.push(() => { range.value = Math.round(100 * (figureOf("scale", `${kind}=${item.name}`, figure) ?? 1)); say(); });
    return el("li", {}, el("label", { for: id, title: item.name }, item.text, " ", told), range);
  });
  return rows.length ? el("details", { class: "lever" }, el("summary", {}, el("h2", {}, title), " ", el("span", { class: "soft" }, rows.length)), el("ul", { class: "slides" }, rows)) : null;
}
