/**
 * Tells pages when to look again. The server's events (PostgreSQL's notifications) tell what changed; where the stream breaks, a page
 * looks every few seconds by itself until it is back.
 */
const listeners = new Map();
let stream = null;
let heardAt = 0;

export function on(topic, callback) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(callback);
  return () => listeners.get(topic).delete(callback);
}

const tell = (topic, data) => listeners.get(topic)?.forEach((callback) => callback(data));

export function start() {
  connect();
  // A stream that is silent for long is dead, whatever the browser thinks of it.
  setInterval(() => {
    if (Date.now() - heardAt > 12000) {
      tell("state", "polling");
      ["fleet", "runs", "tick"].forEach((topic) => tell(topic));
      if (stream.readyState === EventSource.CLOSED || Date.now() - heardAt > 40000) connect();
    }
  }, 3000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) ["fleet", "runs", "tick"].forEach((topic) => tell(topic));
  });
}

function connect() {
  stream?.close();
  stream = new EventSource("/api/v1/events");
  for (const topic of ["fleet", "runs", "tick"]) {
    stream.addEventListener(topic, (event) => {
      heardAt = Date.now();
      tell("state", "live");
      tell(topic, event.data);
    });
  }
}

/** Runs an asynchronous look so that only one is under way; what is asked meanwhile is done once afterwards. */
export function single(work) {
  let running = false, again = false;
  return async function look() {
    if (running) { again = true; return; }
    running = true;
    try { await work(); } catch (problem) { if (problem.status === undefined) console.error(problem); } finally {
      running = false;
      if (again) { again = false; look(); }
    }
  };
}
