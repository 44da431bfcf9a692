// The scenario is the address. Undo is the browser's own way back.

const SINGLE = ["year", "lasts", "behaviour"];
const listeners = [];
let counter = 0;

export const state = { year: "", lasts: false, behaviour: "", changes: [], beside: null };

function read() {
  Object.assign(state, { year: "", lasts: false, behaviour: "", changes: [], beside: null });
  for (const [key, value] of new URLSearchParams(location.search)) {
    if (key === "beside") state.beside = value;
    else if (key === "lasts") state.lasts = value === "1";
    else if (SINGLE.includes(key)) state[key] = value;
    else state.changes.push([key, value]);
  }
}

// Written as the server writes it, so that the same scenario has one address.
const code = text => encodeURIComponent(text).replace(/%3D/g, "=").replace(/%2C/g, ",").replace(/%3B/g, ";").replace(/%3A/g, ":").replace(/%2F/g, "/");

export function query() {
  const parts = [];
  if (state.year) parts.push(`year=${code(state.year)}`);
  for (const [key, value] of state.changes) parts.push(`${key}=${code(value)}`);
  if (state.lasts) parts.push("lasts=1");
  if (state.behaviour) parts.push(`behaviour=${code(state.behaviour)}`);
  return parts.join("&");
}

export function path(question, extra = {}, of = query()) {
  const more = Object.entries(extra).map(([k, v]) => `${k}=${encodeURIComponent(v)}`).join("&");
  const all = [of, more].filter(Boolean).join("&");
  return `/api/${question}${all ? "?" + all : ""}`;
}

function address() {
  const parts = [query(), state.beside !== null ? `beside=${encodeURIComponent(state.beside)}` : ""].filter(Boolean);
  return parts.length ? "/?" + parts.join("&") : "/";
}

export function change(edit) {
  edit(state);
  if (address() === location.pathname + location.search) return;
  counter += 1;
  history.pushState({ at: counter, top: counter }, "", address());
  tell();
}

export function open(text) {
  change(s => {
    Object.assign(s, { year: "", lasts: false, behaviour: "", changes: [] });
    for (const [key, value] of new URLSearchParams(text)) {
      if (key === "lasts") s.lasts = value === "1";
      else if (SINGLE.includes(key)) s[key] = value;
      else s.changes.push([key, value]);
    }
  });
}

export const has = (key, word) => state.changes.some(([k, w]) => k === key && w === word);

export function toggle(key, word, on) {
  change(s => {
    s.changes = s.changes.filter(([k, w]) => !(k === key && w === word));
    if (on) s.changes.push([key, word]);
  });
}

// One figure of one thing: a second value takes the place of the first.
export function put(key, stem, figure, value) {
  change(s => {
    s.changes = s.changes.filter(([k, w]) => !(k === key && w.startsWith(`${stem},${figure}=`)));
    if (value !== null) s.changes.push([key, `${stem},${figure}=${value}`]);
  });
}

export function figureOf(key, stem, figure) {
  const found = state.changes.find(([k, w]) => k === key && w.startsWith(`${stem},${figure}=`));
  return found ? Number(found[1].slice(stem.length + figure.length + 2)) : null;
}

export const canUndo = () => (history.state?.at ?? 0) > 0;
export const canRedo = () => (history.state?.at ?? 0) < counter;

export function onChange(listener) { listeners.push(listener); }
function tell() { for (const listener of listeners) listener(); }

window.addEventListener("popstate", () => { read(); tell(); });
read();
counter = history.state?.top ?? 0;
if (!history.state) history.replaceState({ at: 0, top: 0 }, "");
