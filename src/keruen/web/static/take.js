// To take away: address, scenario file, pictures, tables, report.

import { ask, byId, problem } from "./dom.js";
import { open, path } from "./state.js";

const LARGEST = 200000;
const making = new Set();

export function takeAway(facts, say) {
  const table = byId("table");
  table.replaceChildren(...facts.tables.map(t => new Option(t)));
  const links = () => {
    byId("save-csv").href = path("table", { table: table.value, format: "csv" });
    byId("save-parquet").href = path("table", { table: table.value, format: "parquet" });
    byId("save-svg").href = path("map");
    byId("save-report").href = path("report");
  };
  table.addEventListener("change", links);
  for (const [id, question] of [["save-csv", "table"], ["save-parquet", "table"], ["save-svg", "map"], ["save-report", "report"]]) {
    byId(id).addEventListener("click", event => { event.preventDefault(); void save(event.currentTarget.href, say, question); });
  }
  byId("save-toml").addEventListener("click", () => void save(path("toml"), say, "scenario"));
  byId("save-png").addEventListener("click", () => void png(say));
  byId("copy").addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(location.href); say("The link is copied: whoever opens it on this machine sees the same."); }
    catch { say(`Copy the address from the browser: ${location.href}`); }
  });
  byId("load-toml").addEventListener("change", async event => {
    const file = event.target.files[0];
    event.target.value = "";
    if (!file) return;
    try {
      if (file.size > LARGEST) throw new Error(`${file.name} has ${file.size.toLocaleString("en-US")} bytes; a scenario file has at most ${LARGEST.toLocaleString("en-US")}.`);
      const told = await ask("/api/scenario", { method: "POST", headers: { "content-type": "application/toml" }, body: await file.text() });
      problem(null);
      open(told.query);
    } catch (error) { problem(error); }
  });
  return links;
}

// Asked for by script, so that a refusal is shown in words and not saved as a file.
async function save(href, say, what) {
  if (making.has(href)) return;
  making.add(href);
  say(what === "report" ? "Making the report: it takes some seconds…" : `Making the ${what}…`);
  try {
    const answer = await fetch(href, { credentials: "same-origin" });
    if (!answer.ok) throw new Error((await answer.json()).error.message);
    const name = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") || "")?.[1] || "keruen";
    keep(await answer.blob(), name);
    say(`${name} is saved.`);
  } catch (error) { say(""); problem(error); } finally { making.delete(href); }
}

function keep(blob, name) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(blob);
  a.download = name;
  document.body.append(a);
  a.click();
  a.remove();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}

async function png(say) {
  say("Making the picture…");
  try {
    const answer = await fetch(path("map"));
    if (!answer.ok) throw new Error((await answer.json()).error.message);
    const name = (/filename="([^"]+)"/.exec(answer.headers.get("content-disposition") || "")?.[1] || "map.svg").replace(/svg$/, "png");
    const picture = new Image();
    const svg = (await answer.text()).replace("<svg ", '<svg width="1200" height="760" ');
    picture.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    await picture.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [2400, 1520];
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, 2400, 1520);
    pen.drawImage(picture, 0, 0, 2400, 1520);
    URL.revokeObjectURL(picture.src);
    keep(await new Promise(done => canvas.toBlob(done, "image/png")), name);
    say(`${name} is saved.`);
  } catch (error) { say(""); problem(error); }
}
