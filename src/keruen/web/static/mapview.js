// One map: draws what the server drew, pans, zooms, and says what was chosen.

import { el } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const FARTHEST = 1, NEAREST = 24;

const AHEAD = 12;

// Puts new markup into a layer and keeps the elements that stay as they are, which need no new style and layout.
function settle(layer, markup) {
  const fresh = document.createElementNS(SVG, "g");
  fresh.innerHTML = markup;
  if (layer.childElementCount === 1 && fresh.childElementCount === 1 && layer.firstElementChild.cloneNode().isEqualNode(fresh.firstElementChild.cloneNode()))
    renew(layer.firstElementChild, [...fresh.firstElementChild.children]);
  else renew(layer, [...fresh.children]);
}

function renew(parent, wanted) {
  let here = parent.firstElementChild;
  for (const node of wanted) {
    let same = here;
    for (let i = 0; same && i < AHEAD && !same.isEqualNode(node); i += 1) same = i < AHEAD - 1 ? same.nextElementSibling : null;
    if (!same) { parent.insertBefore(node, here); continue; }
    while (here !== same) { const gone = here; here = here.nextElementSibling; gone.remove(); }
    here = here.nextElementSibling;
  }
  while (here) { const gone = here; here = here.nextElementSibling; gone.remove(); }
}

export class MapView {
  constructor(box, name, chosen) {
    this.box = box;
    this.chosen = chosen;
    this.peers = [];
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("class", "kmap kmap-view");
    this.svg.setAttribute("role", "group");
    this.svg.setAttribute("aria-label", `${name}. Arrow keys go from link to link, Enter shows one.`);
    this.layers = {};
    this.drawn = {};
    for (const layer of ["land", "names", "paint", "touch", "pins"]) {
      const g = document.createElementNS(SVG, "g");
      if (layer === "names") g.setAttribute("aria-hidden", "true");
      this.layers[layer] = g;
      this.svg.append(g);
    }
    this.caption = el("p", { class: "caption", "aria-hidden": "true" });
    this.tip = el("div", { class: "tip", hidden: true, "aria-hidden": "true" });
    box.replaceChildren(this.svg, this.caption, this.tip);
    this.home = [0, 0, 1200, 700];
    this.view = [...this.home];
    this.pointers = new Map();
    this.listen();
  }

  size() {
    const step = 50, r = this.box.getBoundingClientRect();
    const fit = (v, least, most) => Math.min(most, Math.max(least, Math.round(v / step) * step));
    return { w: fit(r.width, 400, 2000), h: fit(r.height, 300, 1400) };
  }

  ground(data) {
    const first = !this.frame;
    this.layers.land.innerHTML = data.land;
    this.frame = [0, 0, data.width, data.height];
    this.fit();
    if (first) this.start();
  }

  // The first look: the home country with its neighbours and seas.
  start() {
    const home = this.layers.land.querySelector(".kmap-home")?.getBBox();
    this.unset = !home?.width;
    if (this.unset) return;
    const width = Math.min(this.home[2], home.width * 2.1), height = width * this.home[3] / this.home[2];
    this.view = [home.x + home.width * 0.42 - width / 2, home.y + home.height * 0.6 - height / 2, width, height];
    this.clamp();
    this.show();
  }

  // Where the home country has no outline: all places.
  around() {
    this.unset = false;
    const all = this.layers.pins.getBBox();
    if (!all.width) return;
    const width = Math.min(this.home[2], Math.max(all.width * 1.3, all.height * 1.3 * this.home[2] / this.home[3], this.home[2] / 8)), height = width * this.home[3] / this.home[2];
    this.view = [all.x + all.width / 2 - width / 2, all.y + all.height / 2 - height / 2, width, height];
    this.clamp();
    this.show();
  }

  // The frame, widened to the shape of the box: land is drawn beyond it.
  fit() {
    if (!this.frame) return;
    const r = this.box.getBoundingClientRect();
    if (!r.width || !r.height) return;
    let [, , w, h] = this.frame;
    const wide = r.width / r.height;
    if (wide > w / h) w = h * wide; else h = w / wide;
    const zoom = this.home[2] / this.view[2];
    const middle = [this.view[0] + this.view[2] / 2, this.view[1] + this.view[3] / 2];
    this.home = [(this.frame[2] - w) / 2, (this.frame[3] - h) / 2, w, h];
    if (zoom > 1.01) this.view = [middle[0] - w / zoom / 2, middle[1] - h / zoom / 2, w / zoom, h / zoom];
    else this.view = [...this.home];
    this.show();
  }

  draw(parts, caption) {
    const focused = document.activeElement?.closest?.("g[data-link]");
    const had = focused && this.svg.contains(focused) ? focused.dataset.link : null;
    this.unmark();
    for (const layer of ["names", "paint", "touch", "pins"]) {
      if (this.drawn[layer] !== parts[layer]) settle(this.layers[layer], parts[layer]);
      this.drawn[layer] = parts[layer];
    }
    this.links = [...this.layers.touch.querySelectorAll("g[data-link]")];
    this.caption.textContent = caption;
    if (this.unset) this.around();
    this.mark(this.marked);
    if (had) this.rove(this.links.findIndex(g => g.dataset.link === had), true);
  }

  unmark() {
    for (const old of this.svg.querySelectorAll(".chosen")) {
      old.classList.remove("chosen");
      if (!old.classList.length) old.removeAttribute("class");
    }
  }

  mark(chosen) {
    this.unmark();
    this.marked = chosen;
    if (!chosen) return;
    for (const g of this.svg.querySelectorAll(`[data-${chosen.what}="${CSS.escape(chosen.name)}"]`)) g.classList.add("chosen");
  }

  show() {
    this.svg.setAttribute("viewBox", this.view.map(v => v.toFixed(1)).join(" "));
    const scale = this.box.clientWidth / this.view[2] || 1;
    const zoom = this.home[2] / this.view[2];
    this.svg.style.setProperty("--z", Math.max(scale, 0.05).toFixed(3));
    for (const k of [2, 4, 8]) this.svg.classList.toggle("z" + k, zoom >= k * 0.95);
    for (const peer of this.peers) if (peer.view.join() !== this.view.join()) { peer.view = [...this.view]; peer.home = [...this.home]; peer.show(); }
  }

  zoom(factor, x = this.view[0] + this.view[2] / 2, y = this.view[1] + this.view[3] / 2) {
    if (!factor) { this.view = [...this.home]; this.show(); return; }
    const w = Math.min(this.home[2] / FARTHEST, Math.max(this.home[2] / NEAREST, this.view[2] / factor)), s = w / this.view[2];
    this.view = [x - (x - this.view[0]) * s, y - (y - this.view[1]) * s, w, this.view[3] * s];
    this.clamp();
    this.show();
  }

  clamp() {
    const [hx, hy, hw, hh] = this.home, [, , w, h] = this.view;
    this.view[0] = Math.min(hx + hw + hw * 0.1 - w * 0.6, Math.max(hx - hw * 0.1 - w * 0.4, this.view[0]));
    this.view[1] = Math.min(hy + hh + hh * 0.1 - h * 0.6, Math.max(hy - hh * 0.1 - h * 0.4, this.view[1]));
    if (w >= hw * 0.999) { this.view[0] = hx; this.view[1] = hy; }
  }

  go(what, name) {
    const g = this.svg.querySelector(what === "link" ? `[data-paint="${CSS.escape(name)}"]` : `[data-${what}="${CSS.escape(name)}"]`);
    if (!g) return;
    const box = g.getBBox(), at = g.getCTM ? this.toView(g, box) : null;
    if (!at) return;
    const [x, y, w, h] = at, v = this.view;
    if (x > v[0] && y > v[1] && x + w < v[0] + v[2] && y + h < v[1] + v[3] && (w > v[2] / 14 || h > v[3] / 14)) return;
    const width = Math.min(this.home[2], Math.max(w * 2.4, h * 2.4 * this.home[2] / this.home[3], this.home[2] / 5));
    this.view = [x + w / 2 - width / 2, y + h / 2 - width * this.home[3] / this.home[2] / 2, width, width * this.home[3] / this.home[2]];
    this.clamp();
    this.show();
  }

  toView(g, box) {
    const m = this.svg.getScreenCTM().inverse().multiply(g.getScreenCTM());
    const a = new DOMPoint(box.x, box.y).matrixTransform(m), b = new DOMPoint(box.x + box.width, box.y + box.height).matrixTransform(m);
    return [a.x, a.y, b.x - a.x, b.y - a.y];
  }

  at(event) {
    const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return [p.x, p.y];
  }

  rove(i, quiet) {
    if (i < 0 || !this.links.length) return;
    for (const g of this.links) g.setAttribute("tabindex", "-1");
    this.links[i].setAttribute("tabindex", "0");
    this.links[i].focus({ preventScroll: quiet });
  }

  // What lies under the pointer: a place, else links with the busiest first, else a country.
  under(event) {
    const links = new Set();
    let country = null;
    for (const x of document.elementsFromPoint(event.clientX, event.clientY)) {
      if (!this.svg.contains(x)) continue;
      const place = x.closest("[data-place]"), link = x.closest("[data-link]"), land = x.closest("[data-country]");
      if (place && !links.size) return [{ what: "place", name: place.dataset.place, told: place.dataset.told }];
      if (link) links.add(link);
      else if (land && !country) country = { what: "country", name: land.dataset.country, told: land.dataset.country };
    }
    const found = [...links].sort((a, b) => b.dataset.flow - a.dataset.flow).map(g => ({ what: "link", name: g.dataset.link, told: g.getAttribute("aria-label") }));
    return found.length ? found : country ? [country] : [];
  }

  listen() {
    const { svg } = this;
    svg.addEventListener("wheel", e => { e.preventDefault(); this.zoom(e.deltaY < 0 ? 1.25 : 0.8, ...this.at(e)); }, { passive: false });
    svg.addEventListener("pointerdown", e => { this.pointers.set(e.pointerId, [e.clientX, e.clientY]); if (this.pointers.size === 1) this.moved = false; });
    svg.addEventListener("pointermove", e => {
      const before = this.pointers.get(e.pointerId);
      if (!before) { this.hover(e); return; }
      const others = [...this.pointers].filter(([id]) => id !== e.pointerId).map(([, p]) => p);
      const scale = this.view[2] / this.box.clientWidth;
      if (others.length) {
        const far = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) || 1, now = [e.clientX, e.clientY];
        this.moved = true;
        this.zoom(far(now, others[0]) / far(before, others[0]), ...this.at(e));
      } else if (this.moved || Math.hypot(e.clientX - before[0], e.clientY - before[1]) > 4) {
        this.moved = true;
        this.view[0] -= (e.clientX - before[0]) * scale;
        this.view[1] -= (e.clientY - before[1]) * scale;
        this.clamp();
        this.show();
      } else return;
      this.pointers.set(e.pointerId, [e.clientX, e.clientY]);
    });
    for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, e => this.pointers.delete(e.pointerId));
    svg.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    svg.addEventListener("click", e => {
      if (this.moved) return;
      const found = this.under(e);
      if (found.length) this.chosen(found);
    });
    svg.addEventListener("keydown", e => {
      const g = e.target.closest("g[data-link]");
      if (e.key === "+" || e.key === "=") this.zoom(1.5);
      else if (e.key === "-") this.zoom(1 / 1.5);
      else if (!g) return;
      else if (e.key === "Enter" || e.key === " ") this.chosen([{ what: "link", name: g.dataset.link, told: g.getAttribute("aria-label") }], true);
      else {
        const i = this.links.indexOf(g), n = this.links.length;
        const j = { ArrowRight: i + 1, ArrowDown: i + 1, ArrowLeft: i - 1, ArrowUp: i - 1, Home: 0, End: n - 1, PageDown: i + 20, PageUp: i - 20 }[e.key];
        if (j === undefined) return;
        this.rove((j + n) % n);
        this.go("link", this.links[(j + n) % n].dataset.link);
      }
      e.preventDefault();
    });
    new ResizeObserver(() => this.fit()).observe(this.box);
  }

  hover(e) {
    const found = this.under(e), r = this.box.getBoundingClientRect();
    this.tip.hidden = !found.length || found[0].what === "country";
    if (this.tip.hidden) return;
    this.tip.textContent = found[0].told + (found.length > 1 ? ` (and ${found.length - 1} more here)` : "");
    const x = e.clientX - r.left, y = e.clientY - r.top;
    this.tip.style.left = `${Math.min(x + 14, r.width - 260)}px`;
    this.tip.style.top = `${y > r.height - 90 ? y - 60 : y + 16}px`;
  }
}
