import { get, post } from "./api.js";
import { attr, h, sync, text } from "./dom.js";
import { clock, number, plural, span, stamp } from "./format.js";
import { remember } from "./history.js";
import { on, single } from "./live.js";
import { lives } from "./lives.js";
import { confirmed, press } from "./notices.js";
import { activeRun, runRow, updateRunRow } from "./run-rows.js";
import { closeWorker, openWorker } from "./worker.js";

const columns = ["Worker", "Desired", "Actual", "Activity", "Lag", "Rate", "Memory", "Restarts", "Heartbeat", "Process", ""];

/** The fleet: what is asked of workers and what is true of them, and the buttons that change the first. */
export function fleetPage(main) {
  const tiles = h("section.tiles", { "aria-label": "Summary" });
  const active = h("div.active-runs");
  const body = h("tbody");
  const table = h("div.table-wrap", { hidden: true },
    h("table.grid.cards", {}, h("caption.hidden", {}, "Workers"), h("thead", {}, h("tr", {}, columns.map((c) => h("th", { scope: "col" }, c)))), body));
  const empty = h("div.empty", { hidden: true },
    h("h2", {}, "No workers yet"),
    h("p", {}, "Start fleet starts the candle producer and one prediction consumer for each model in the store."));
  const recent = h("tbody");
  const recentBox = h("section", { hidden: true }, h("div.section-head", {}, h("h2", {}, "Recent runs"), h("a", { href: "/runs" }, "All runs")),
    h("div.table-wrap", {}, h("table.grid.cards.runs", {}, recent)));
  const startButton = h("button.primary", { type: "button", onclick: () => trigger(startButton, "start-fleet") }, "Start fleet");
  const killButton = h("button.danger", { type: "button", onclick: kill }, "Kill fleet");
  main.append(
    h("div.page-head", {}, h("h1", {}, "Fleet"), h("div.actions", {}, startButton, killButton)),
    tiles, active, table, empty, recentBox);

  async function kill() {
    if (await confirmed("Kill the fleet?", "Every consumer, then the producer, is asked to delete: predictions and capture stop until the fleet is started again. A running start-fleet is cancelled.", "Kill fleet")) {
      await trigger(killButton, "kill-fleet");
    }
  }

  const look = single(async () => {
    const workers = await get("/api/v1/fleet");
    remember(workers);
    drawTiles(tiles, workers, health);
    table.hidden = workers.length === 0;
    empty.hidden = workers.length > 0;
    sync(body, workers, (w) => w.id, createRow, updateRow);
  });
  const lookRuns = single(async () => {
    const runs = await get("/api/v1/runs?take=6");
    sync(active, runs.filter((r) => ["waiting", "running", "cancelling"].includes(r.state)), (r) => r.runId, activeRun, activeRun.update);
    recentBox.hidden = runs.length === 0;
    sync(recent, runs, (r) => r.runId, runRow, updateRunRow);
  });
  let health = null;
  const lookHealth = single(async () => { health = await fetch("/health").then((r) => r.json()).catch(() => null); });
  const stops = [on("fleet", look), on("runs", lookRuns), on("tick", () => { lookHealth(); look(); lookRuns(); })];
  lookHealth();
  look();
  lookRuns();
  return { title: "Fleet", leave: () => { stops.forEach((stop) => stop()); closeWorker(); } };
}

const trigger = (button, workflow) => press(
  button, () => post(`/api/v1/workflows/${workflow}/runs`),
  (result) => (result.created ? `${workflow} is run ${result.runId}` : `${workflow} runs already: run ${result.runId}`));

function drawTiles(tiles, workers, health) {
  const running = workers.filter((w) => w.actual === "running").length;
  const troubled = workers.filter((w) => ["failed", "backoff"].includes(w.actual)).length;
  const producer = workers.find((w) => w.kind === "candle-producer");
  const newest = Math.max(0, ...Object.entries(producer?.figures ?? {}).filter(([k]) => k.startsWith("lastOpenTime")).map(([, v]) => v));
  const alive = workers.filter(lives);
  const lags = alive.map((w) => w.figures?.lag).filter((v) => typeof v === "number");
  const rate = alive.filter((w) => w.kind === "prediction-consumer").reduce((sum, w) => sum + (w.figures?.ratePerSecond ?? 0), 0);
  const agents = health?.agents?.alive ?? health?.agents;
  sync(tiles, [
    { key: "Workers running", value: `${running} of ${workers.length}`, kind: troubled ? "bad" : running && running === workers.length ? "good" : "", note: troubled ? `${plural(troubled, "worker")} in trouble` : "" },
    { key: "Newest candle", value: newest ? clock(newest, false) : "–", note: newest ? stamp(newest, false).slice(0, 10) : "none yet" },
    { key: "Largest lag", value: lags.length ? number(Math.max(...lags)) : "–", kind: Math.max(0, ...lags) > 10 ? "warn" : "", note: "messages" },
    { key: "Predictions", value: number(rate, 1), note: "per second" },
    { key: "Agents", value: agents === undefined ? "–" : number(agents), kind: agents === 0 ? "bad" : "", note: agents === 0 ? "workers cannot start" : "alive" },
  ], (t) => t.key, (t) => h("div.tile", {}, h("span.tile-name", {}, t.key), h("strong"), h("span.tile-note")), (element, t) => {
    attr(element, "data-kind", t.kind || null);
    text(element.children[1], t.value);
    text(element.children[2], t.note);
  });
}

function createRow(worker) {
  const row = h("tr", { "data-worker": worker.id });
  const cells = Object.fromEntries(columns.map((c) => [c, h("td", { "data-label": c || undefined })]));
  cells.Worker.append(h("button.name", { type: "button", onclick: () => openWorker(row.__worker) }, worker.id), h("span.sub", {}, worker.kind));
  cells.Desired.append(h("span.badge"));
  cells.Actual.append(h("span.badge"));
  cells.Activity.classList.add("wide");
  cells.Activity.append(h("span"), h("span.sub"));
  for (const c of ["Lag", "Rate", "Memory", "Restarts", "Heartbeat"]) cells[c].classList.add("num");
  cells.Process.append(h("span"), h("span.sub"));
  const ask = (desired, verb) => {
    const button = h("button.small", {
      type: "button", "data-desired": desired, "aria-label": `${verb} ${worker.id}`,
      onclick: async () => {
        if (desired === "delete" && !(await confirmed(`Delete ${worker.id}?`, "The worker finishes what it is at and ends. Start fleet, or Start, brings it back.", "Delete"))) return;
        await press(button, () => post("/api/v1/fleet/desired", { worker: worker.id, desired }), `${worker.id} is asked to ${desired}`);
      },
    }, verb);
    if (desired === "delete") button.classList.add("hurts");
    return button;
  };
  cells[""].append(h("div.row-actions", {}, ask("start", "Start"), ask("pause", "Pause"), ask("delete", "Delete")));
  cells[""].classList.add("last");
  row.append(...Object.values(cells));
  row.__cells = cells;
  return row;
}

function updateRow(row, worker) {
  row.__worker = worker;
  const c = row.__cells, figures = worker.figures ?? {};
  badge(c.Desired.firstChild, worker.desired, `asked by ${worker.desiredBy}, ${stamp(worker.desiredAt)}`);
  badge(c.Actual.firstChild, worker.actual, `since ${stamp(worker.actualAt)}`);
  const troubled = !!worker.error && ["failed", "backoff"].includes(worker.actual);
  text(c.Activity.firstChild, troubled ? worker.error : worker.activity);
  text(c.Activity.lastChild, lives(worker) ? captured(figures) : "");
  attr(c.Activity, "data-empty", c.Activity.textContent ? null : "");
  c.Activity.classList.toggle("error", troubled);
  attr(c.Activity, "title", worker.error ?? worker.activity);
  const alive = lives(worker);
  text(c.Lag, alive && figures.lag !== undefined ? number(figures.lag) : "–");
  text(c.Rate, alive && figures.ratePerSecond !== undefined ? `${number(figures.ratePerSecond, 1)}/s` : "–");
  text(c.Memory, alive && figures.residentMemoryBytes !== undefined ? `${number(figures.residentMemoryBytes / 1048576)} MB` : "–");
  text(c.Restarts, number(worker.restarts));
  c.Restarts.classList.toggle("warn", worker.restarts > 0);
  text(c.Heartbeat, alive && worker.heartbeatAge !== null ? span(worker.heartbeatAge) : "–");
  c.Heartbeat.classList.toggle("warn", alive && worker.heartbeatAge > 10);
  text(c.Process.firstChild, worker.pid && alive ? `pid ${worker.pid}` : "none");
  text(c.Process.lastChild, [worker.agent, `epoch ${worker.epoch}`].filter(Boolean).join(" · "));
  for (const button of c[""].querySelectorAll("button")) {
    const verb = button.dataset.desired;
    button.hidden = verb === worker.desired && !(verb === "start" && ["failed", "deleted"].includes(worker.actual));
    if (verb === "start") text(button, worker.actual === "paused" || worker.desired === "pause" ? "Resume" : "Start");
  }
}

// What the workers of market capture count besides: nothing of it is there for others.
function captured(figures) {
  return [
    figures.batches !== undefined ? plural(figures.batches, "batch", "batches") : null,
    figures.lastInsertAgeSeconds !== undefined ? `last insert ${span(figures.lastInsertAgeSeconds)} ago` : null,
    figures.markets !== undefined ? plural(figures.markets, "market") : null,
    figures.reconnects ? plural(figures.reconnects, "reconnect") : null,
    figures.unrepairedGaps ? plural(figures.unrepairedGaps, "unrepaired gap") : null,
    figures.deadLetters ? plural(figures.deadLetters, "dead letter") : null,
  ].filter(Boolean).join(" · ");
}

function badge(element, word, title) {
  text(element, word);
  attr(element, "data-state", word);
  attr(element, "title", title);
}
