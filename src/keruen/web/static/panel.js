// The answers: figures beside the base, bottlenecks, shares, closures that would hurt, claims, shortages.

import { ask, byId, el, land, num, percent, signed } from "./dom.js";
import { path, query, toggle, put } from "./state.js";

let by = "link", claimsOpen = false, shortOpen = false, longBox = null;

export function useLong(box) { longBox = box; }

const bar = (share, cls = "") => el("i", { class: cls, style: `width:${(100 * Math.max(0, Math.min(1, share))).toFixed(1)}%` });

export function figures(answer, beside, choose, signal) {
  const box = byId("figures");
  const shares = el("section", { class: "block" }, el("h2", {}, "Whose land exports cross"), waiting());
  const worst = el("section", { class: "block" });
  const claims = claimsBlock(answer, signal);
  box.replaceChildren(cards(answer, beside), goods(answer, beside), bottlenecks(answer, choose), shares, worst, shortages(answer), claims, longBox ?? "");
  if (answer.notes.length) box.append(el("section", { class: "block" }, el("h2", {}, "Notes"), el("ul", {}, answer.notes.map(n => el("li", {}, n)))));
  const alone = plannerOnly(answer);
  worst.append(el("h2", {}, "The worst five closures from here"), alone ?? waiting());
  // These take a second or two: not while somebody still pulls levers.
  const later = setTimeout(() => { void fillShares(shares, signal); if (!alone) void fillWorst(worst, choose, signal); }, 700);
  signal.addEventListener("abort", () => clearTimeout(later));
}

// Some questions are put to the planner alone: said here and not asked.
const plannerOnly = a => a.behaviour === "planner" ? null : el("p", { class: "soft" }, "Answered for the planner alone: choose planner under Who decides.");
const waiting = () => el("p", { class: "soft waiting" }, "working…");

function cards(a, beside) {
  const dear = a.cost_musd - a.base_cost_musd, worse = a.objective_musd - a.base_objective_musd;
  const lost = a.goods.filter(g => g.exports !== null && g.exports < g.base_exports - 1e-6).length;
  const card = (label, value, note, tone = "") => el("div", { class: `card ${tone}` }, el("span", {}, label), el("b", {}, value), el("span", { class: "note" }, note));
  const isBase = !a.scenario.length;
  return el("div", { class: "cards" },
    card("Cost of moving and missing", `${num(a.cost_musd)}`, isBase ? "million USD a year" : `${signed(dear)} MUSD against the base`, dear > 0.5 ? "worse" : dear < -0.5 ? "better" : ""),
    isBase ? card("Value of trade less its cost", num(-a.objective_musd), "million USD a year")
      : card("Harm", Math.abs(worse) < 0.5 ? "none" : num(worse), "MUSD a year, with the value of what no longer arrives", worse > 0.5 ? "worse" : worse < -0.5 ? "better" : ""),
    isBase ? card("Bottlenecks", String(a.bottlenecks.length), "full, and worth widening") : card("Exports that fall", String(lost), `of ${a.goods.filter(g => g.base_exports !== null).length} goods`, lost ? "worse" : ""),
    beside ? card("The one beside", num(beside.cost_musd), `${signed(beside.cost_musd - a.cost_musd)} MUSD against this one`, "beside") : null);
}

function goods(a, beside) {
  const others = new Map((beside?.goods ?? []).map(g => [g.commodity, g]));
  const rows = a.goods.filter(g => g.base_exports !== null || g.exports !== null || g.unmet > 1e-6 || g.base_unmet > 1e-6).map(g => {
    const now = g.exports ?? 0, base = g.base_exports ?? 0, b = others.get(g.commodity);
    const top = Math.max(now, base, b?.exports ?? 0, 1e-9);
    const less = g.unmet - g.base_unmet;
    const drawn = g.exports === null ? null : el("div", { class: "bar", role: "img", "aria-label": `${num(now)} of ${num(base)} in the base` },
      bar(base / top, "was"), bar(now / top, "now"), beside ? bar((b?.exports ?? 0) / top, "other") : null);
    return el("tr", {}, el("th", { scope: "row", title: `${g.name} (${g.commodity})` }, el("span", { class: "name" }, g.name), drawn),
      el("td", { class: "n", "data-exports": g.commodity, "data-value": now }, g.exports === null ? "" : num(now), el("small", {}, ` ${g.unit}`)),
      el("td", { class: `n ${now < base - 1e-6 ? "worse" : now > base + 1e-6 ? "better" : "soft"}` }, g.exports === null ? "" : Math.abs(now - base) < 1e-6 ? "=" : signed(now - base)),
      beside ? el("td", { class: "n other-text" }, b?.exports == null ? "" : num(b.exports)) : null,
      el("td", { class: `n ${less > 1e-6 ? "worse" : "soft"}` }, g.unmet > 1e-6 ? num(g.unmet) : ""));
  });
  return el("section", { class: "block" }, el("h2", {}, "What moves, what does not"),
    el("table", { class: "goods" }, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, el("span", { class: "key now" }, "now"), " ", el("span", { class: "key was" }, "base"), beside ? el("span", { class: "key other" }, "beside") : null),
      el("th", { scope: "col", class: "n" }, "exports"), el("th", { scope: "col", class: "n" }, "change"), beside ? el("th", { scope: "col", class: "n" }, "beside") : null, el("th", { scope: "col", class: "n", title: "Demand not met, at home and abroad" }, "not met"))), el("tbody", {}, rows)));
}

function bottlenecks(a, choose) {
  const top = Math.max(...a.bottlenecks.map(b => b.one_more_musd ?? b.price_musd_per_unit), 1e-9);
  const rows = a.bottlenecks.slice(0, 8).map(b => {
    const worth = b.one_more_musd ?? b.price_musd_per_unit, name = b.limit.replace(/:back$/, "");
    return el("li", {}, el("div", { class: "line" }, b.kind === "link" ? el("button", { class: "name", onclick: () => choose([{ what: "link", name }], false, true) }, b.limit) : el("span", { class: "name" }, b.limit, el("small", { class: "soft" }, ` ${b.kind}`)),
      b.new ? el("span", { class: "tag new" }, "new") : null,
      el("span", { class: "n" }, `${num(worth)} MUSD`), ["link", "transfer", "plant", "fleet"].includes(b.kind) ? el("button", { class: "do", title: b.kind === "fleet" ? "A tenth more ships" : "A tenth more capacity", "aria-label": `Widen ${b.limit} by a tenth`,
        onclick: () => widen(b.kind, name) }, "widen") : null),
    el("div", { class: "bar thin" }, bar(worth / top, "now")), el("small", { class: "soft" }, `full at ${num(b.capacity)} ${b.unit}`));
  });
  return el("section", { class: "block" }, el("h2", {}, "Bottlenecks, and what one more unit of each is worth a year"), rows.length ? el("ul", { class: "rows" }, rows) : el("p", { class: "soft" }, "Nothing is full that would be worth widening."));
}

export function widen(kind, name, by = 1.1) {
  const figure = kind === "fleet" ? "ships" : "capacity";
  const now = Number(new URLSearchParams(query()).getAll("scale").find(w => w.startsWith(`${kind}=${name},${figure}=`))?.split("=").pop() ?? 1);
  put("scale", `${kind}=${name}`, figure, Number((now * by).toFixed(3)));
}

async function fillShares(box, signal) {
  const head = el("h2", {}, "Whose land exports cross");
  try {
    const told = await ask(path("shares"), { signal });
    const goods = [...new Set(told.countries.map(c => c.commodity))];
    const pick = el("select", { "aria-label": "Good", onchange: () => draw(pick.value) }, goods.map(g => el("option", {}, g)));
    const rows = el("tbody", {});
    const draw = good => rows.replaceChildren(...told.countries.filter(c => c.commodity === good).sort((a, b) => b.share_max - a.share_max).map(c => el("tr", {}, el("th", { scope: "row", title: c.country }, land(c.country)),
      el("td", { class: "bars" }, el("div", { class: "range", role: "img", "aria-label": `least ${percent(c.share_min)}, this plan ${percent(c.share)}, greatest ${percent(c.share_max)}` },
        el("i", { style: `left:${100 * c.share_min}%;width:${Math.max(0.8, 100 * (c.share_max - c.share_min))}%` }), el("b", { style: `left:calc(${100 * c.share}% - 1px)` }))),
      el("td", { class: "n" }, percent(c.share)), el("td", { class: "n soft" }, Math.abs(c.share_max - c.share_min) < 5e-4 ? "fixed" : `${percent(c.share_min)}\u2013${percent(c.share_max)}`))));
    if (goods.length) { if (goods.includes("crude")) pick.value = "crude"; draw(pick.value); }
    box.replaceChildren(head, goods.length ? el("div", { class: "pick" }, pick, el("small", { class: "soft" }, "mark: this plan; bar: any plan within 0.1 % of its cost")) : el("p", { class: "soft" }, "Nothing is exported."),
      el("table", { class: "shares" }, el("thead", { class: "unseen" }, el("tr", {}, ["country", "range", "this plan", "least to greatest"].map(t => el("th", { scope: "col" }, t)))), rows));
  } catch (error) { if (error.name !== "AbortError") box.replaceChildren(head, el("p", { class: "soft" }, error.message)); }
}

async function fillWorst(box, choose, signal) {
  const pick = el("select", { "aria-label": "Kind of closure", onchange: () => { by = pick.value; fillWorst(box, choose, signal); } }, ["link", "place", "country", "operator"].map(k => el("option", { selected: k === by }, k)));
  const head = el("h2", {}, "The worst five closures from here");
  box.replaceChildren(head, el("div", { class: "pick" }, pick), waiting());
  try {
    const told = await ask(path("worst", { by }), { signal });
    const top = told.closures[0]?.loss_musd || 1;
    const rows = told.closures.map(c => el("li", {}, el("div", { class: "line" }, ["link", "place", "country"].includes(c.kind) ? el("button", { class: "name", onclick: () => choose([{ what: c.kind, name: c.name }], false, true) }, c.kind === "country" ? land(c.name) : c.name) : el("span", { class: "name" }, c.name),
      el("span", { class: "n" }, `${num(c.loss_musd)} MUSD`), el("button", { class: "do", "aria-label": `Close ${c.kind} ${c.name}`, onclick: () => toggle("close", `${c.kind}=${c.name}`, true) }, "close")),
    el("div", { class: "bar thin" }, bar(c.loss_musd / top, "bad")), el("small", { class: "soft" }, c.lost.slice(0, 3).map(l => `\u2212${num(l.quantity)} ${l.unit} ${l.commodity}`).join(", ") || "all goes another way")));
    box.replaceChildren(head, el("div", { class: "pick" }, pick, el("small", { class: "soft" }, `${told.hurt} of ${told.hurt + told.idle} would hurt`)), el("ol", { class: "rows" }, rows));
  } catch (error) { if (error.name !== "AbortError") box.replaceChildren(head, el("p", { class: "soft" }, error.message)); }
}

function claimsBlock(a, signal) {
  const alone = plannerOnly(a), inside = el("div", {}, alone ?? waiting());
  const fill = async () => {
    claimsOpen = box.open;
    if (alone || !box.open || box.dataset.asked) return;
    box.dataset.asked = "1";
    try {
      const told = await ask(path("claims"), { signal });
      inside.replaceChildren(el("p", { class: "soft" }, `${told.judged} statements were judged; ${told.changed.length} have another verdict than in the base.`),
        el("ul", { class: "rows" }, told.changed.map(c => el("li", {}, el("p", {}, c.statement), el("p", {}, el("span", { class: "tag" }, c.base_verdict), " \u2192 ", el("span", { class: "tag new" }, c.verdict), el("small", { class: "soft" }, ` ${c.claim}. ${c.evidence}`))))));
    } catch (error) { if (error.name !== "AbortError") inside.replaceChildren(el("p", { class: "soft" }, error.message)); }
  };
  const box = el("details", { class: "block", id: "claims", open: claimsOpen, ontoggle: fill }, el("summary", {}, el("h2", {}, "Statements whose verdict changes")), inside);
  return box;
}

function shortages(a) {
  const side = { supply: "left behind", demand: "not met", consignment: "not moved" };
  const rows = a.shortages.map(s => el("li", {}, el("b", {}, `${num(s.quantity)} ${s.unit} ${s.commodity}`), ` ${side[s.side]}: ${s.id}`, el("small", { class: "soft" }, ` ${s.because.join("; ")}`)));
  const box = el("details", { class: "block", open: shortOpen, ontoggle: () => { shortOpen = box.open; } }, el("summary", {}, el("h2", {}, "What could not move, and why"), " ", el("span", { class: "soft" }, a.shortages_in_all)), el("ul", { class: "rows" }, rows));
  return box;
}
