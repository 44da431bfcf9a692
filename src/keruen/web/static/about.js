// What was clicked: its numbers, where they come from, and what can be done to it.

import { ask, byId, el, land, num, signed } from "./dom.js";
import { figureOf, has, path, put, toggle } from "./state.js";

let shown = null, back = null;

export const current = () => shown;

export function close() {
  shown = null;
  byId("about").hidden = true;
  back?.focus?.();
}

// Several links lie under the pointer: which one?
export function chooser(found, choose) {
  const box = byId("about");
  box.hidden = false;
  box.replaceChildren(head("Which one?", "Several links lie here, the busiest first."), el("ul", { class: "rows choose" }, found.map(f => el("li", {}, el("button", { class: "name", onclick: () => choose([f], true) }, f.told || f.name)))));
}

const head = (title, words) => el("div", { class: "about-head" }, el("h2", { tabindex: "-1" }, title), el("button", { "aria-label": "Close this panel", onclick: close }, "×"), el("p", { class: "soft" }, words));

export async function about({ what, name }, focus, signal) {
  const box = byId("about");
  if (!box.contains(document.activeElement) && document.activeElement !== document.body) back = document.activeElement;
  shown = { what, name };
  const told = await ask(path("about", { what, name }), { signal });
  if (shown?.name !== name) return;
  const top = box.scrollTop;
  box.hidden = false;
  const title = what === "country" ? land(name) : told.title;
  box.replaceChildren(...[head(title, `${what} ${name}: ${told.words.join("; ")}`), doing(told), load(told), flows(told), limits(told), rows(told), sources(told)].filter(Boolean));
  box.scrollTop = top;
  if (focus) box.querySelector("h2").focus({ preventScroll: true });
}

function doing(t) {
  const word = `${t.what}=${t.name}`, shut = has("close", word);
  const half = has("close", `${word},share=0.5`);
  const tax = el("input", { type: "number", min: 0, max: 10000, step: 1, value: figureOf("tax", word, "usd") ?? "", id: "tax", placeholder: "0" });
  const scale = el("input", { type: "number", min: 0, max: 1000, step: 5, value: Math.round(100 * (figureOf("scale", word, "capacity") ?? 1)), id: "widen" });
  const setTax = () => put("tax", word, "usd", Number(tax.value) > 0 ? Number(tax.value) : null);
  const setScale = () => put("scale", word, "capacity", Number(scale.value) === 100 || scale.value === "" ? null : Number(scale.value) / 100);
  tax.addEventListener("change", setTax);
  scale.addEventListener("change", setScale);
  return el("div", { class: "doing" },
    t.closed && !shut ? el("p", { class: "soft" }, `Closed: ${t.closed}`) : null,
    el("button", { id: "close-it", class: shut ? "on" : "", "aria-pressed": String(shut), onclick: () => toggle("close", word, !shut) }, shut ? "Open again" : "Close"),
    t.limited ? el("button", { "aria-pressed": String(half), class: half ? "on" : "", onclick: () => toggle("close", `${word},share=0.5`, !half) }, "Halve") : null,
    t.limited ? el("label", { for: "widen" }, "Capacity ", scale, " %") : el("span", { class: "soft" }, "no limit known"),
    el("label", { for: "tax", title: t.what === "link" ? "Paid on every unit that uses it" : "Paid at each entry" }, "Tax ", tax, " USD/t"),
    (t.projects || []).map(p => el("button", { "aria-pressed": String(has("add", p)), onclick: () => toggle("add", p, !has("add", p)) }, `${has("add", p) ? "Without" : "Build"} ${p}`)));
}

function load(t) {
  const diff = t.load_mt - t.base_load_mt;
  return el("p", {}, el("b", {}, `${num(t.load_mt)} Mt`), t.what === "country" ? " over its borders" : t.what === "place" ? " through it" : " on it, both ways", t.built ? "" : ", not built in this year", Math.abs(diff) > 1e-6 ? el("span", { class: diff < 0 ? "worse" : "better" }, ` (${signed(diff)} against the base)`) : null);
}

const table = (heads, rows) => el("div", { class: "wrap" }, el("table", {}, el("thead", {}, el("tr", {}, heads.map((h, i) => h ? el("th", { scope: "col", class: i ? "n" : "" }, h) : el("td", {})))), el("tbody", {}, rows)));

function flows(t) {
  if (!t.flows.length) return el("p", { class: "soft" }, "It carries nothing in this plan.");
  return el("div", {}, el("h3", {}, "What it carries"), table(["", "flow", "full", "price, USD/t"], t.flows.slice(0, 12).map(f => el("tr", {},
    el("th", { scope: "row" }, `${f.link && f.link !== t.name ? f.link + ": " : ""}${f.commodity}${f.direction === "back" ? " (back)" : ""}`), el("td", { class: "n" }, `${num(f.flow)} ${f.unit}`),
    el("td", { class: "n" }, f.utilisation === null ? "" : `${Math.round(100 * f.utilisation)} %`), el("td", { class: "n" }, f.price_usd_per_t > 5e-4 ? num(f.price_usd_per_t) : "")))));
}

function limits(t) {
  const dear = t.limits.filter(l => l.price_musd_per_unit > 1e-6);
  return dear.length ? el("div", {}, el("h3", {}, "Bottlenecks here"), el("ul", { class: "rows" }, dear.map(l => el("li", {}, `${l.limit}: full at ${num(l.capacity)} ${l.unit}; one more is worth ${num(l.one_more_musd ?? l.price_musd_per_unit)} MUSD a year`)))) : null;
}

function rows(t) {
  return el("div", {}, t.rows.map(r => el("details", { open: t.what === "link" }, el("summary", {}, el("h3", {}, t.what === "link" ? "Its numbers, and where each comes from" : `${r.table}: ${r.row}`)),
    table(["", "value", "from"], r.numbers.map(n => el("tr", {}, el("th", { scope: "row" }, n.name), el("td", { class: "n" }, `${n.value} ${n.unit}`),
      el("td", {}, el("span", { class: `tag ${n.kind}` }, n.kind), ` ${n.source}${n.confidence ? ` (${n.confidence})` : ""}`, n.note ? el("small", { class: "soft" }, ` ${n.note}`) : null,
        n.rivals.map(v => el("small", {}, el("br"), `rival ${v.value}, ${v.source} ${v.note}`)))))), r.note ? el("p", { class: "soft" }, r.note) : null)));
}

function sources(t) {
  return t.sources.length ? el("details", {}, el("summary", {}, el("h3", {}, "Sources"), ` ${t.sources.length}`), el("ul", { class: "rows" }, t.sources.map(s => el("li", {}, el("b", {}, s.source), `: ${s.line} `, s.url ? el("a", { href: s.url, rel: "noreferrer noopener", target: "_blank" }, s.url) : null)))) : null;
}
