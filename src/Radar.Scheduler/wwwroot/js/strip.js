import { colours, likeliest, probabilities } from "./predictions.js";

const rowHeight = 15;

/** A row for each model version under the chart: each candle's likeliest class, the stronger the surer. */
export function createStrip(canvas, chart, times, predictionsAt) {
  let models = [], hovered = null, planned = false;

  function draw() {
    planned = false;
    const width = canvas.clientWidth, height = Math.max(1, models.length * rowHeight), ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.style.height = `${height}px`;
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const g = canvas.getContext("2d"), theme = colours(), scale = chart.timeScale();
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    const plot = width - chart.priceScale("right").width(), range = scale.getVisibleLogicalRange();
    g.font = "11px system-ui, sans-serif";
    g.textBaseline = "middle";
    models.forEach((model, row) => {
      g.fillStyle = theme.text;
      g.fillText(model.replace("lightgbm", "lgbm").replace("_", " "), plot + 6, row * rowHeight + rowHeight / 2);
    });
    if (!range) return;
    const spacing = scale.options().barSpacing, cell = Math.max(1, spacing - (spacing > 4 ? 1 : 0));
    const first = Math.max(0, Math.floor(range.from)), last = Math.min(times().length - 1, Math.ceil(range.to));
    for (let i = first; i <= last; i++) {
      const said = predictionsAt(times()[i]);
      if (!said) continue;
      const x = scale.logicalToCoordinate(i);
      if (x === null || x > plot) continue;
      models.forEach((model, row) => {
        const p = probabilities(model, said[model]);
        if (!p) return;
        const best = likeliest(p);
        g.globalAlpha = 0.25 + 0.75 * Math.min(1, Math.max(0, (p[best] - 1 / 3) * 1.8));
        g.fillStyle = theme.byClass[best];
        g.fillRect(x - cell / 2, row * rowHeight + 1, Math.min(cell, plot - x + cell / 2), rowHeight - 2);
      });
    }
    g.globalAlpha = 1;
    const at = hovered === null ? -1 : times().indexOf(hovered);
    const x = at >= 0 ? scale.logicalToCoordinate(at) : null;
    if (x !== null && x <= plot) {
      g.fillStyle = theme.quiet;
      g.fillRect(x - 0.5, 0, 1, height);
    }
  }

  const plan = () => { if (!planned) { planned = true; requestAnimationFrame(draw); } };
  chart.timeScale().subscribeVisibleLogicalRangeChange(plan);
  chart.timeScale().subscribeSizeChange(plan);
  return {
    plan,
    setModels(names) { models = names; plan(); },
    hover(time) { hovered = time; plan(); },
    /** Open time, in seconds, of the candle at a point of the strip. */
    timeAt(x) { const at = chart.timeScale().coordinateToLogical(x); return at === null ? null : times()[at] ?? null; },
  };
}
