import { get } from "./api.js";
import { attr, follow, h, sync, text } from "./dom.js";
import { number, span, stamp } from "./format.js";
import { historyCharts, remember } from "./history.js";
import { on, single } from "./live.js";

const names = { lag: "Lag (messages)", ratePerSecond: "Rate (per second)", residentMemoryBytes: "Memory (MB)", cpuRatio: "Processor (%)", cpuSeconds: "Processor time (s)", handled: "Handled", lastInsertAgeSeconds: "Last insert", lastMessageAgeSeconds: "Last message", undeliveredAgeSeconds: "Oldest undelivered" };
const shownAs = { residentMemoryBytes: 1 / 1048576, cpuRatio: 100 };
let close = null;

/** Closes the drawer, if one is open: another page comes. */
export const closeWorker = () => close?.();

/** A drawer with what one worker says of itself: figures, log, events. */
export function openWorker(worker) {
  close?.();
  const back = document.activeElement;
  const badge = h("span.badge");
  const facts = h("dl.facts");
  const error = h("p.notice.bad", { hidden: true });
  const lines = h("div.lines");
  const log = h("div.log", { tabindex: 0, role: "log", "aria-label": `Log of ${worker.id}` }, lines);
  const path = h("p.quiet.path");
  const events = h("ol.events");
  const figures = historyCharts(worker.id);
  const panels = { Log: h("div.panel", {}, log, path), Events: h("div.panel", { hidden: true }, events), Figures: h("div.panel", { hidden: true }, figures.box, h("p.quiet", {}, "Since this page was opened.")) };
  const tabs = Object.keys(panels).map((name, at) => h("button.tab", { type: "button", role: "tab", "aria-selected": String(at === 0), onclick: () => choose(name) }, name));
  const drawer = h("aside.drawer", { role: "dialog", "aria-label": `Worker ${worker.id}` },
    h("div.drawer-head", {}, h("h2", {}, worker.id), badge, h("button.icon", { type: "button", "aria-label": "Close", onclick: () => close() }, "×")),
    facts, error, h("div.tabs", { role: "tablist" }, tabs), ...Object.values(panels));
  document.body.append(drawer);
  drawer.querySelector("button.icon").focus({ preventScroll: true });

  function choose(name) {
    for (const tab of tabs) attr(tab, "aria-selected", String(tab.textContent === name));
    for (const [key, panel] of Object.entries(panels)) panel.hidden = key !== name;
    figures.draw();
  }

  const query = `worker=${encodeURIComponent(worker.id)}`;
  let shown = [];
  const look = single(async () => {
    const [fleet, said, happened] = await Promise.all([
      get("/api/v1/fleet"), get(`/api/v1/workers/log?${query}&tail=400`).catch(() => ({ lines: [], path: "" })), get(`/api/v1/workers/events?${query}`),
    ]);
    remember(fleet);
    figures.draw();
    const now = fleet.find((w) => w.id === worker.id);
    text(badge, now?.actual ?? "gone");
    attr(badge, "data-state", now?.actual ?? "deleted");
    text(error, now?.error);
    error.hidden = !now?.error;
    drawFacts(facts, now);
    drawLog(said.lines);
    text(path, said.path ? `${said.path} · last ${said.lines.length} lines` : "");
    sync(events, happened, (e) => e.id, (e) => h("li", {}, h("time", {}, stamp(e.at)), h("span.badge", { "data-state": e.name }, e.name), h("span", {}, e.message), h("span.quiet", {}, `epoch ${e.epoch}`)));
  });

  // Lines only ever join at the end, so what stands there already is left as it is.
  function drawLog(wanted) {
    const first = shown.length ? wanted.indexOf(shown.at(-1)) : -1;
    const overlaps = first >= 0 && wanted.slice(0, first + 1).every((line, at) => line === shown[shown.length - first - 1 + at]);
    follow(log, () => {
      if (!overlaps) lines.replaceChildren();
      const fresh = overlaps ? wanted.slice(first + 1) : wanted;
      lines.append(...fresh.map((line) => h("div.line", { "data-level": level(line) }, line)));
      while (lines.childElementCount > 2000) lines.firstChild.remove();
      if (!wanted.length) lines.replaceChildren(h("div.line.quiet", {}, "No log yet: it begins with the worker's first process."));
    });
    if (!shown.length) log.scrollTop = log.scrollHeight;
    shown = wanted;
  }

  const onKey = (event) => { if (event.key === "Escape" && !document.querySelector("dialog[open]")) close(); };
  document.addEventListener("keydown", onKey);
  const stops = [on("fleet", look), on("tick", look)];
  const timer = setInterval(look, 2000);
  close = () => {
    clearInterval(timer);
    stops.forEach((stop) => stop());
    document.removeEventListener("keydown", onKey);
    figures.destroy();
    drawer.remove();
    close = null;
    back?.focus?.({ preventScroll: true });
  };
  look();
}

const level = (line) => (/\| (ERROR|CRITICAL) \|/.test(line) ? "error" : /\| WARNING \|/.test(line) ? "warn" : "info");

function drawFacts(facts, worker) {
  const figures = Object.entries(worker?.figures ?? {}).map(([key, value]) => [
    names[key] ?? key.replace(/([A-Z])/g, " $1").toLowerCase().replace(/^./, (c) => c.toUpperCase()),
    typeof value !== "number" ? stamp(value) : key.endsWith("AgeSeconds") ? `${span(value)} ago` : /OpenTime|published/.test(key) ? stamp(value, false) : number(value * (shownAs[key] ?? 1), key in shownAs || !Number.isInteger(value) ? 1 : 0),
  ]);
  const rows = worker ? [
    ["Asked", `${worker.desired} by ${worker.desiredBy}`], ["Since", stamp(worker.actualAt)], ["Activity", worker.activity ?? "–"], ["Pid", worker.pid ? String(worker.pid) : "–"],
    ["Agent", worker.agent ?? "–"], ["Epoch", number(worker.epoch)], ["Heartbeat", worker.heartbeatAge === null ? "–" : `${span(worker.heartbeatAge)} ago`], ["Restarts", number(worker.restarts)], ...figures,
  ] : [];
  sync(facts, rows, ([name]) => name, ([name]) => h("div", {}, h("dt", {}, name), h("dd")), (element, [, value]) => text(element.lastChild, value));
}
