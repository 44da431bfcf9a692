// Long questions: asked of the server, watched, stopped.

import { ask, el, num } from "./dom.js";
import { query } from "./state.js";

export function longQuestions(say) {
  const what = el("select", { id: "long-what" }, el("option", { value: "worst" }, "the worst three together, proven"), el("option", { value: "pairs" }, "every pair together"), el("option", { value: "sample" }, "200 draws from the ranges"));
  const by = el("select", { id: "long-by" }, ["link", "country", "place", "operator"].map(k => el("option", { value: k }, k)));
  const go = el("button", { id: "long-go", onclick: start }, "Ask");
  const stop = el("button", { id: "long-stop", hidden: true, onclick: halt }, "Stop");
  const meter = el("progress", { max: 100, value: 0, hidden: true, "aria-label": "How far it is" });
  const told = el("p", { class: "soft" });
  const out = el("div", {});
  let job = null;

  async function start() {
    go.disabled = true;
    out.replaceChildren();
    try {
      job = await ask("/api/jobs", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ question: what.value, by: by.value, query: query() }) });
      stop.hidden = meter.hidden = false;
      while (job && job.state === "running") {
        meter.value = job.percent;
        if (!job.percent) meter.removeAttribute("value");
        told.textContent = `${job.words}: ${job.doing}, ${job.percent} %, ${Math.round(job.seconds)} s`;
        await new Promise(done => setTimeout(done, 500));
        job = await ask(`/api/jobs/${job.job}`);
      }
      told.textContent = `${job.words}: ${job.state} after ${job.seconds} s. ${job.error}`;
      say(`The long question is ${job.state}.`);
      if (job.result) out.replaceChildren(result(job));
    } catch (error) { told.textContent = error.message; }
    stop.hidden = meter.hidden = true;
    go.disabled = false;
  }

  async function halt() { if (job) await ask(`/api/jobs/${job.job}`, { method: "DELETE" }).catch(() => {}); }

  return el("details", { class: "block", id: "long" }, el("summary", {}, el("h2", {}, "Longer questions")),
    el("div", { class: "pick" }, el("label", {}, "Ask for ", what), el("label", {}, " by ", by), go, stop), meter, told, out);
}

function result(job) {
  const r = job.result;
  if (job.question === "worst") return el("p", {}, `${r.closed.join(" + ")}: ${num(r.loss_musd)} MUSD a year; proven to ${(100 * r.gap).toFixed(2)} %.`);
  if (job.question === "pairs") return el("div", {}, el("p", { class: "soft" }, `${r.in_all.toLocaleString("en-US")} pairs hurt more than either alone; the worst:`), el("ol", { class: "rows" }, r.rows.map(p => el("li", {}, `${p.closed.join(" + ")}: ${num(p.loss_musd)} MUSD`))));
  return el("div", { class: "wrap" }, el("table", {}, el("thead", {}, el("tr", {}, ["", "plan", "5 %", "middle", "95 %"].map(t => t ? el("th", { scope: "col", class: "n" }, t) : el("td", {})))),
    el("tbody", {}, r.rows.map(d => el("tr", {}, el("th", { scope: "row" }, `${d.measure}, ${d.unit}`), [d.plan, d.p5, d.p50, d.p95].map(v => el("td", { class: "n" }, num(v))))))));
}
