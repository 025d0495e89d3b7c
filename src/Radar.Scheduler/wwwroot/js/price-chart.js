import { classes, colours, probabilities } from "./predictions.js";

const minute = 60;

/** The chart: candles with their volume above, the probabilities of one model version below. */
export function createPriceChart(box) {
  const L = globalThis.LightweightCharts;
  const chart = L.createChart(box, {
    autoSize: true,
    // The licence asks for the name on the page, where it stands as text: the logo would need a style of its own, which our pages refuse.
    layout: { attributionLogo: false, panes: { enableResize: true } },
    timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 4, minBarSpacing: 0.05 },
    crosshair: { mode: L.CrosshairMode.Normal },
    localization: { locale: "en-GB" },
  });
  const candles = chart.addSeries(L.CandlestickSeries, { borderVisible: false });
  const volume = chart.addSeries(L.HistogramSeries, { priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
  volume.priceScale().applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
  candles.priceScale().applyOptions({ scaleMargins: { top: 0.06, bottom: 0.18 } });
  const lines = classes.map((name) => chart.addSeries(L.LineSeries, {
    lineWidth: 1, priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false, title: "", priceFormat: { type: "custom", formatter: (v) => v.toFixed(2), minMove: 0.01 },
    autoscaleInfoProvider: () => ({ priceRange: { minValue: 0, maxValue: 1 } }),
  }, 1));
  chart.panes()[0].setStretchFactor(4);
  chart.panes()[1].setStretchFactor(1);

  let rows = [], times = [], byTime = new Map(), model = null, theme = colours();
  // What a candle does not tell is null, and its place stays empty.
  const bar = (c) => [c.open, c.high, c.low, c.close].includes(null) ? { time: c.openTime / 1000 }
    : { time: c.openTime / 1000, open: c.open, high: c.high, low: c.low, close: c.close };
  const volumeBar = (c) => c.volume === null ? { time: c.openTime / 1000 }
    : { time: c.openTime / 1000, value: c.volume, color: (c.close >= c.open ? theme.up : theme.down) + "55" };

  function paint() {
    theme = colours();
    chart.applyOptions({
      layout: { background: { color: theme.panel }, textColor: theme.text, panes: { separatorColor: theme.line, separatorHoverColor: theme.line } },
      grid: { vertLines: { color: theme.line }, horzLines: { color: theme.line } },
      rightPriceScale: { borderColor: theme.line }, timeScale: { borderColor: theme.line },
    });
    candles.applyOptions({ upColor: theme.up, downColor: theme.down, wickUpColor: theme.up, wickDownColor: theme.down });
    lines.forEach((line, at) => line.applyOptions({ color: theme.byClass[at] }));
    volume.setData(rows.map(volumeBar));
  }

  // Minutes that the exchange has no candle for stay empty, so that an outage is seen as one.
  function withGaps(list) {
    const all = [];
    list.forEach((candle, at) => {
      const before = at ? list[at - 1].openTime / 1000 : null;
      for (let t = before + minute; before !== null && t < candle.openTime / 1000 && t - before < 86400; t += minute) all.push({ time: t });
      all.push(bar(candle));
    });
    return all;
  }

  function drawLines() {
    lines.forEach((line, at) => {
      let broken = false; // The line would bridge a gap: its way across is drawn in no colour.
      line.setData(times.map((time) => {
        const said = probabilities(model, byTime.get(time)?.predictions[model]);
        if (!said) { broken = true; return { time }; }
        const point = { time, value: said[at], ...(broken ? { color: "transparent" } : {}) };
        broken = false;
        return point;
      }));
    });
  }

  return {
    chart,
    candles,
    times: () => times,
    at: (time) => byTime.get(time),
    last: () => rows.at(-1) ?? null,
    count: () => rows.length,
    paint,
    showModel(name) { model = name; drawLines(); },
    /** Replaces everything. */
    set(list) {
      rows = list;
      byTime = new Map(rows.map((c) => [c.openTime / 1000, c]));
      const all = withGaps(rows);
      times = all.map((c) => c.time);
      candles.setData(all);
      volume.setData(rows.map(volumeBar));
      drawLines();
    },
    /** Adds what is new and what has been predicted since; the view stays where it is. */
    merge(list, most) {
      const last = rows.at(-1)?.openTime ?? 0;
      for (const candle of list.filter((c) => c.openTime <= last)) Object.assign(byTime.get(candle.openTime / 1000) ?? {}, candle);
      const fresh = list.filter((c) => c.openTime > last);
      if (fresh.length > 200 || rows.length + fresh.length > most * 1.2) {
        this.set([...rows, ...fresh].slice(-most));
        return;
      }
      const all = withGaps([...rows.slice(-1), ...fresh]).slice(1);
      for (const point of all) { candles.update(point); times.push(point.time); }
      for (const candle of fresh) { rows.push(candle); byTime.set(candle.openTime / 1000, candle); volume.update(volumeBar(candle)); }
      const redo = list.length > 6 ? null : list;
      if (!redo) drawLines();
      else lines.forEach((line, at) => redo.forEach((c) => {
        const p = model ? probabilities(model, c.predictions[model]) : null;
        line.update(p ? { time: c.openTime / 1000, value: p[at] } : { time: c.openTime / 1000 }, c.openTime <= last);
      }));
    },
    zoom(count) {
      const end = times.length;
      chart.timeScale().setVisibleLogicalRange({ from: end - count, to: end + 3 });
    },
    remove: () => chart.remove(),
  };
}
