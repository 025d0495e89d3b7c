import { get } from "./api.js";
import { attr, h, sync, text } from "./dom.js";
import { number, price, stamp } from "./format.js";
import { on, single } from "./live.js";
import { createPriceChart } from "./price-chart.js";
import { classes, likeliest, probabilities } from "./predictions.js";
import { createStrip } from "./strip.js";

const ranges = [["2 h", 120], ["6 h", 360], ["1 d", 1440], ["3 d", 4320], ["7 d", 10000]];

/** Candles, and what each model version says of them. */
export function candlesPage(main, asked) {
  const picker = h("select", { "aria-label": "Coin" });
  const chips = h("div.chips", { role: "group", "aria-label": "Range" });
  const status = h("span.quiet");
  const box = h("div.chart", { "aria-label": "Candle chart" });
  const canvas = h("canvas.strip", { role: "img", "aria-label": "Likeliest class of each candle, a row for each model version" });
  const legend = h("div.legend");
  const list = h("div.models", { role: "radiogroup", "aria-label": "Model version whose probabilities the chart shows" });
  const side = h("section.side", {}, h("h2", {}, "Predictions"), h("p.quiet.side-time"), list, h("p.quiet.key", {},
    ...classes.map((c) => h("span.class-key", { "data-class": c }, c))));
  const empty = h("div.empty", { hidden: true }, h("h2", {}, "No candles yet"), h("p", {}, "Start the fleet: the producer fills history first and follows the market from there."), h("a.button.primary", { href: "/" }, "To the fleet"));
  const layout = h("div.candle-layout", { hidden: true }, h("div.chart-box", {}, legend, box, canvas,
    h("p.credit", {}, "Charts by ", h("a", { href: "https://www.tradingview.com/", target: "_blank", rel: "noreferrer" }, "TradingView Lightweight Charts™"))), side);
  main.append(h("div.page-head", {}, h("h1", {}, "Candles"), h("div.actions", {}, status, picker, chips)), empty, layout);

  let view = null, strip = null, symbol = null, models = [], shownModel = null, range = Number(sessionStorage.getItem("radar.range")) || 360, hovered = null;

  for (const [label, count] of ranges) chips.append(h("button.chip", { type: "button", "data-count": count, onclick: () => choose(count) }, label));
  picker.addEventListener("change", () => { history.replaceState(null, "", `/candles/${picker.value}`); load(); });

  function choose(count) {
    range = count;
    sessionStorage.setItem("radar.range", count);
    load();
  }

  function open() {
    if (view) return;
    layout.hidden = false;
    view = createPriceChart(box);
    strip = createStrip(canvas, view.chart, view.times, (time) => view.at(time)?.predictions);
    view.paint();
    view.chart.subscribeCrosshairMove((move) => point(move.time ?? null));
    canvas.addEventListener("pointermove", (event) => {
      const time = strip.timeAt(event.offsetX), candle = view.at(time);
      if (candle) { view.chart.setCrosshairPosition(candle.close ?? 0, time, view.candles); point(time); }
    });
    canvas.addEventListener("pointerleave", () => { view.chart.clearCrosshairPosition(); point(null); });
  }

  function point(time) {
    hovered = time;
    strip.hover(time);
    drawSide();
  }

  // The candle under the pointer, or the newest that somebody has said something of.
  function shownCandle() {
    if (hovered !== null) return view.at(hovered);
    const times = view.times();
    for (let i = times.length - 1; i >= Math.max(0, times.length - 5); i--) {
      const candle = view.at(times[i]);
      if (candle && Object.keys(candle.predictions).length) return candle;
    }
    return view.last();
  }

  function drawSide() {
    const candle = shownCandle();
    text(side.querySelector(".side-time"), candle ? `${stamp(candle.openTime, false)} UTC` : "–");
    sync(legend, candle ? [["O", price(candle.open)], ["H", price(candle.high)], ["L", price(candle.low)], ["C", price(candle.close)], ["Vol", number(candle.volume, 2)]] : [],
      ([name]) => name, ([name]) => h("span", {}, h("b", {}, name), h("span")), (element, [, value]) => text(element.lastChild, value));
    legend.classList.toggle("down", !!candle && candle.close < candle.open);
    sync(list, models, (m) => m, (model) => h("button.model", { type: "button", role: "radio", onclick: () => { shownModel = model; view.showModel(model); drawSide(); } },
      h("span.model-name", {}, model.replace("_", " ")), h("span.class-word"), h("span.shares", {}, ...classes.map((c) => h("i", { "data-class": c })))), (button, model) => {
      attr(button, "aria-checked", String(model === shownModel));
      const p = probabilities(model, candle?.predictions[model]);
      const best = p ? classes[likeliest(p)] : null;
      text(button.children[1], p ? `${best} ${p[likeliest(p)].toFixed(2)}` : "–");
      attr(button.children[1], "data-class", best);
      attr(button, "title", p ? classes.map((c, at) => `${c} ${p[at].toFixed(3)}`).join(", ") : "No prediction of this candle");
      [...button.children[2].children].forEach((share, at) => { share.style.width = p ? `${p[at] * 100}%` : "0"; });
    });
  }

  const load = single(async () => {
    symbol = picker.value || symbol;
    for (const chip of chips.children) attr(chip, "aria-pressed", String(Number(chip.dataset.count) === range));
    let rows;
    try {
      rows = await get(`/api/v1/candles/${symbol}?last=${range}`);
    } catch (problem) {
      if (problem.status !== 404) throw problem;
      rows = [];
    }
    empty.hidden = rows.length > 0;
    if (!rows.length) { layout.hidden = true; return; }
    open();
    layout.hidden = false;
    view.set(rows);
    strip.setModels(models);
    view.showModel(shownModel);
    view.zoom(Math.min(range, rows.length));
    drawStatus();
    drawSide();
  });

  const refresh = single(async () => {
    if (!symbol || document.hidden) return;
    const last = view?.last();
    if (!last || !empty.hidden) return load();
    const rows = await get(`/api/v1/candles/${symbol}?from=${last.openTime - 4 * 60000}&to=${last.openTime + 6 * 86400000}`);
    if (rows.at(-1)?.openTime < last.openTime) return;
    view.merge(rows, range);
    strip.plan();
    drawStatus();
    if (hovered === null) drawSide();
  });

  const drawStatus = () => text(status, `${number(view.count())} candles to ${stamp(view.last().openTime, false)}`);
  const repaint = () => { view?.paint(); strip?.plan(); };
  addEventListener("radar-theme", repaint);
  get("/api/v1/market").then((market) => {
    for (const name of market.symbols) picker.append(h("option", { value: name }, name));
    if (asked && market.symbols.includes(asked.toUpperCase())) picker.value = asked.toUpperCase();
    models = market.models.filter((m) => m.crypto === picker.value).map((m) => `${m.model}_${m.version}`);
    shownModel = models[0] ?? null;
    picker.addEventListener("change", () => { models = market.models.filter((m) => m.crypto === picker.value).map((m) => `${m.model}_${m.version}`); shownModel = models[0] ?? null; });
    load();
  }).catch(() => {});
  const stops = [on("tick", refresh)];
  return { title: "Candles", leave: () => { stops.forEach((stop) => stop()); removeEventListener("radar-theme", repaint); view?.remove(); } };
}
