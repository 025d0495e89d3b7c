/** What the classes are called, in the order models give them. */
export const classes = ["sell", "hold", "buy"];

/**
 * Probabilities of a prediction, for display. LightGBM gives probabilities already; the time-series transformer gives logits, which are
 * stored as they are and become probabilities only here.
 */
export function probabilities(model, raw) {
  if (!raw || raw.includes(null)) return null; // Null where a model, or an original's table, has no number.
  if (!model.startsWith("tst")) return raw;
  const top = Math.max(...raw);
  const powers = raw.map((value) => Math.exp(value - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}

/** The likeliest class, 0 to 2. */
export const likeliest = (p) => (p[0] >= p[1] && p[0] >= p[2] ? 0 : p[1] >= p[2] ? 1 : 2);

/** Colours of the page's theme. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    text: of("--text-2"), line: of("--line"), panel: of("--panel"), up: of("--up"), down: of("--down"), hold: of("--hold"), quiet: of("--text-3"),
    byClass: [of("--down"), of("--hold"), of("--up")],
  };
}
