// Puts the page together: an address is read, asked, drawn.

import { about, chooser, close, current } from "./about.js";
import { ask, byId, el, land, num, problem, signed } from "./dom.js";
import { levers, showLevers, words } from "./levers.js";
import { longQuestions } from "./long.js";
import { MapView } from "./mapview.js";
import { figures, useLong } from "./panel.js";
import { canRedo, canUndo, change, onChange, open, path, query, state } from "./state.js";
import { takeAway } from "./take.js";

const root = document.documentElement;
const say = text => { byId("status").textContent = text; };
let facts, links, stop = new AbortController(), began = performance.now(), drawnSize = "";
const choose = (found, focus, move) => found.length > 1 ? chooser(found, choose) : show(found[0], focus, move);
const maps = { a: new MapView(byId("map-a"), "Map of this scenario", choose), b: new MapView(byId("map-b"), "Map of the scenario beside", choose) };
maps.a.peers = [maps.b];
maps.b.peers = [maps.a];

async function show(thing, focus = false, move = false) {
  for (const map of Object.values(maps)) map.mark(thing);
  if (move) maps.a.go(thing.what, thing.name);
  const { signal } = stop;
  try {
    await about(thing, focus, signal);
    askAhead(`close=${thing.what}=${thing.name}`, signal);
  } catch (error) { if (error.name !== "AbortError") problem(error); }
}

// Who opens a link is likely to close it: the answer is asked for while the hand moves there. Not where others share the server.
function askAhead(word, signal) {
  if (!["127.0.0.1", "localhost", "[::1]"].includes(location.hostname)) return;
  const [key, value] = [word.slice(0, 5), word.slice(6)];
  if (state.changes.some(([k, w]) => k === key && w === value)) return;
  void fetch(path("answer", maps.a.size(), [query(), word].filter(Boolean).join("&")), { signal, credentials: "same-origin" }).catch(() => {});
}

async function render() {
  stop.abort();
  stop = new AbortController();
  const { signal } = stop;
  root.dataset.state = "working";
  byId("undo").disabled = !canUndo();
  byId("redo").disabled = !canRedo();
  const two = state.beside !== null;
  byId("map-b").hidden = !two;
  byId("beside").textContent = two ? "Put away the other" : "Set beside";
  byId("maps").classList.toggle("two", two);
  if (facts) showLevers();
  try {
    await ready;  // legend and levers take their room first: the map is drawn for what is left
    const size = maps.a.size(), sized = `${size.w}x${size.h}`;
    const ground = sized !== drawnSize ? ask(path("ground", size, ""), { signal }) : null;
    const [answer, beside, land] = await Promise.all([ask(path("answer", size), { signal }), two ? ask(path("answer", size, state.beside), { signal }) : null, ground]);
    if (land) { for (const map of Object.values(maps)) map.ground(land); drawnSize = sized; }
    problem(null);
    const named = a => `${a.year}: ${a.scenario.length ? a.scenario.join(", ") : "base"}`;
    maps.a.draw(answer.map, named(answer));
    if (beside) { maps.b.fit(); maps.b.draw(beside.map, `beside, ${named(beside)}`); }
    figures(answer, beside, choose, signal);
    links();
    const dear = answer.cost_musd - answer.base_cost_musd;
    say(`${answer.year}, ${answer.scenario.length ? state.changes.map(c => words(c, facts)).join(", ") : "base"}: cost ${num(answer.cost_musd)} MUSD${answer.scenario.length ? `, ${signed(dear)} against the base` : ""}.`);
    document.title = `${answer.scenario.length ? state.changes.map(c => words(c, facts)).join(", ") : "base"} ${answer.year} - keruen`;
    if (current()) void show(current());
    requestAnimationFrame(() => requestAnimationFrame(() => {
      root.dataset.redraw = (performance.now() - began).toFixed(1);
      root.dataset.query = answer.query;
      root.dataset.state = "ready";
    }));
  } catch (error) {
    if (error.name === "AbortError") return;
    problem(error);
    say("This scenario cannot be shown.");
    root.dataset.state = "refused";
  }
}

function legend() {
  const line = (cls, width, length = 26) => `<svg class="kmap" width="${length}" height="10" aria-hidden="true"><path class="${cls}" fill="none" stroke-width="${width}" d="M0 5H${length}"/></svg>`;
  const item = (mark, text) => { const span = el("span", { class: "item" }); span.innerHTML = mark; span.append(" ", text); return span; };
  const used = new Set(facts.links.map(l => l.mode));
  byId("legend").replaceChildren(
    el("span", { class: "head" }, "Colour: how full"), ...["calm", "busy", "tight", "full", "free", "idle"].map(k => item(line(`kmap-${k}`, k === "idle" ? 1 : 4), facts.legend.full[k])),
    el("span", { class: "head" }, "Width: Mt a year; arrow: main way"), el("span", { class: "head" }, "Dashes: mode"),
    ...Object.entries(facts.legend.modes).filter(([m]) => used.has(m)).map(([m, text]) => item(line(`mode m-${m}`, 2, 36), text)),
    item(line("kmap-planned", 1.6), "not built yet"), item(line("kmap-changed", 7), "carries other than in the base"), item(line("kmap-closed", 1.4), "closed"));
}

function finder() {
  const known = new Map();
  for (const c of facts.countries) known.set(`${land(c)}, country (${c})`, { what: "country", name: c });
  for (const p of facts.places) known.set(`${p.name}, ${p.kind.replace("_", " ")} in ${p.country} (${p.place})`, { what: "place", name: p.place });
  for (const l of facts.links) known.set(`${l.link}: ${l.from} - ${l.to}, ${l.mode.replace("_", " ")}`, { what: "link", name: l.link });
  byId("names").replaceChildren(...[...known.keys()].map(text => el("option", { value: text })));
  const find = byId("find");
  const go = () => {
    const text = find.value.trim(), low = text.toLowerCase();
    const found = known.get(text) ?? [...known].find(([k, v]) => v.name.toLowerCase() === low)?.[1] ?? (low.length > 2 ? [...known].find(([k]) => k.toLowerCase().includes(low))?.[1] : null);
    if (found) { find.value = ""; void show(found, true, true); } else if (text) say(`Nothing here is called ${text}.`);
  };
  find.addEventListener("change", () => { if (known.has(find.value)) go(); });
  find.addEventListener("keydown", e => { if (e.key === "Enter") go(); });
}

function theme(next) {
  const dark = next ?? (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = dark ? "dark" : "light";
  byId("theme").textContent = dark ? "Light" : "Dark";
  if (next !== undefined) try { localStorage.setItem("keruen-theme", root.dataset.theme); } catch { /* a browser may forbid it */ }
}

function listen() {
  byId("undo").addEventListener("click", () => history.back());
  byId("redo").addEventListener("click", () => history.forward());
  byId("reset").addEventListener("click", () => open(""));
  byId("beside").addEventListener("click", () => change(s => { s.beside = s.beside === null ? query() : null; }));
  byId("theme").addEventListener("click", () => theme(root.dataset.theme !== "dark"));
  for (const b of document.querySelectorAll("[data-zoom]")) b.addEventListener("click", () => maps.a.zoom(Number(b.dataset.zoom)));
  document.addEventListener("keydown", e => {
    const typing = e.target.closest("input:not([type=checkbox]):not([type=range]), select, textarea");
    if (e.key === "Escape") { byId("take").open = false; if (!byId("about").hidden) { close(); for (const map of Object.values(maps)) map.mark(null); } }
    if (typing || !(e.ctrlKey || e.metaKey)) return;
    if (e.key.toLowerCase() === "z" && !e.shiftKey && canUndo()) { e.preventDefault(); history.back(); }
    if ((e.key.toLowerCase() === "y" || (e.key.toLowerCase() === "z" && e.shiftKey)) && canRedo()) { e.preventDefault(); history.forward(); }
  });
  document.addEventListener("click", e => { if (e.isTrusted && !e.target.closest("#take")) byId("take").open = false; });
  // The time to a redraw counts from what the person does.
  for (const kind of ["click", "change"]) document.addEventListener(kind, () => { began = performance.now(); }, true);
  let waiting = 0;
  new ResizeObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { const s = maps.a.size(); if (drawnSize && `${s.w}x${s.h}` !== drawnSize) void render(); }, 250);
  }).observe(byId("map-a"));
}

let stored = null;
try { stored = localStorage.getItem("keruen-theme"); } catch { /* a browser may forbid it */ }
if (stored) root.dataset.theme = stored;
theme();
listen();
onChange(() => { void render(); });
const ready = ask("/api/case").then(found => {
  facts = found;
  byId("title").textContent = facts.title;
  levers(facts);
  showLevers();
  legend();
  finder();
  links = takeAway(facts, say);
  useLong(longQuestions(say));
});
ready.catch(problem);
void render();
