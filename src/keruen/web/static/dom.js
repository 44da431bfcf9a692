// Small helpers: elements, numbers, requests.

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") made.style.cssText = value;
    else if (value === true) made.setAttribute(name, "");
    else made.setAttribute(name, value);
  }
  made.append(...children.flat().filter(c => c !== null && c !== undefined && c !== false).map(c => c instanceof Node ? c : String(c)));
  return made;
}

export const byId = id => document.getElementById(id);

export function num(value) {
  if (value === null || value === undefined) return "";
  const size = Math.abs(value);
  if (size < 5e-4) return "0";
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits }).replace("-", "\u2212");
}

export function signed(value) {
  return Math.abs(value) < 5e-4 ? "no change" : (value > 0 ? "+" : "") + num(value);
}

export const percent = value => (100 * value).toLocaleString("en-US", { maximumFractionDigits: value > 0.9995 || value < 0.1 ? 1 : 0 }) + "\u00a0%";

export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is it still running?");
  }
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(data.error ? data.error.message : `The server answered ${answer.status}.`);
  return data;
}

export function problem(error) {
  const box = byId("problem");
  box.replaceChildren();
  box.hidden = !error;
  if (error) box.append(el("p", {}, error.message || String(error)), el("button", { onclick: () => problem(null) }, "Dismiss"));
}

let names = null;
try { names = new Intl.DisplayNames(["en"], { type: "region" }); } catch { /* codes will do */ }

// The browser's own name of a country, or its code.
export function land(code) {
  try { const name = names?.of(code); return !name || name === "Unknown Region" ? code : name; } catch { return code; }
}
