const two = (n) => String(n).padStart(2, "0");

/** 2026-01-31 12:00:05, UTC. */
export function stamp(time, seconds = true) {
  if (!time) return "–";
  const d = new Date(time);
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())} ${clock(time, seconds)}`;
}

/** 12:00:05, UTC. */
export function clock(time, seconds = true) {
  const d = new Date(time);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}${seconds ? ":" + two(d.getUTCSeconds()) : ""}`;
}

/** 850 ms, 4.2 s, 3 min 05 s, 2 h 10 min, 3 d 4 h. */
export function span(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return "–";
  if (seconds < 0) seconds = 0;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${two(Math.floor(seconds % 60))} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${two(minutes % 60)} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Seconds between two times; to now where the second is missing. */
export const between = (from, to) => (from ? ((to ? new Date(to) : new Date()) - new Date(from)) / 1000 : null);

/** 12,345 or 1.2. */
export const number = (value, digits = 0) =>
  value === null || value === undefined ? "–" : value.toLocaleString("en-GB", { maximumFractionDigits: digits, minimumFractionDigits: digits });

/** A price with as many digits as it needs. */
export const price = (value) => number(value, value >= 1000 ? 2 : value >= 1 ? 4 : 6);

export const plural = (n, word, many = word + "s") => `${number(n)} ${n === 1 ? word : many}`;
