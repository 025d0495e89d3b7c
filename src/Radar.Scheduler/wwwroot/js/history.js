import { h } from "./dom.js";
import { clock } from "./format.js";
import { lives } from "./lives.js";

const most = 900;
const known = new Map();

/** Remembers what workers reported while this page is open: the server keeps only the newest figures. */
export function remember(workers) {
  const now = Date.now() / 1000;
  for (const worker of workers) {
    const past = known.get(worker.id) ?? known.set(worker.id, { at: [], rate: [], memory: [], lag: [] }).get(worker.id);
    if (past.at.length && now - past.at.at(-1) < 1) continue;
    const figures = lives(worker) ? worker.figures ?? {} : {};
    past.at.push(now);
    past.rate.push(figures.ratePerSecond ?? null);
    past.memory.push(figures.residentMemoryBytes === undefined ? null : figures.residentMemoryBytes / 1048576);
    past.lag.push(figures.lag ?? null);
    if (past.at.length > most) for (const list of Object.values(past)) list.shift();
  }
}

/** Small charts of one worker's figures since the page was opened. */
export function historyCharts(id) {
  const box = h("div.history");
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const charts = [["rate", "Rate, per second", "--accent"], ["memory", "Memory, MB", "--info"], ["lag", "Lag, messages", "--warn"]].map(([key, label, name]) => {
    const holder = h("figure", {}, h("figcaption", {}, label));
    box.append(holder);
    const axis = { stroke: colour("--text-3"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
    const chart = new globalThis.uPlot({
      width: 600, height: 110, legend: { show: false }, cursor: { y: false }, tzDate: (t) => globalThis.uPlot.tzDate(new Date(t * 1000), "Etc/UTC"),
      scales: { y: { range: (_, min, max) => [Math.min(0, min ?? 0), Math.max(1, (max ?? 1) * 1.1)] } },
      axes: [{ ...axis, space: 80, values: (_, times) => times.map((t) => clock(t * 1000)) }, { ...axis, size: 56 }],
      series: [{}, { stroke: colour(name), width: 1.5, spanGaps: true, points: { show: false } }],
    }, [[], []], holder);
    return [key, chart];
  });
  return {
    box,
    draw() {
      const past = known.get(id), width = box.clientWidth;
      if (!past || !width) return;
      for (const [key, chart] of charts) {
        if (chart.width !== width) chart.setSize({ width, height: 110 });
        chart.setData([past.at, past[key]]);
      }
    },
    destroy: () => charts.forEach(([, chart]) => chart.destroy()),
  };
}
