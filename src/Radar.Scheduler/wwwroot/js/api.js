import { banner } from "./notices.js";

/** The answer was no; the message is the server's own sentence. */
export class ApiError extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

let session = null;

/** Who is logged in, and the token that changes need. */
export async function getSession() {
  return session ??= await get("/api/v1/session");
}

export const get = (path) => ask("GET", path);

/** Asks for a change. A token that grew old is renewed once. */
export async function post(path, body) {
  try {
    return await send(path, body);
  } catch (problem) {
    if (problem.status !== 400 && problem.status !== 403) throw problem;
    const before = session?.token;
    session = null;
    if ((await getSession()).token === before) throw problem;
    return send(path, body);
  }
}

const send = async (path, body) => ask("POST", path, body ?? {}, { "X-Radar-Token": (await getSession()).token });

async function ask(method, path, body, headers = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      signal: AbortSignal.timeout(20000),
    });
  } catch {
    banner.show("scheduler", "The scheduler does not answer. What is shown may be old; this page goes on by itself when it is back.");
    throw new ApiError(0, "The scheduler does not answer.");
  }
  banner.hide("scheduler");
  if (response.status === 401) {
    location.assign(`/login?ReturnUrl=${encodeURIComponent(location.pathname + location.search)}`);
    throw new ApiError(401, "Log in again.");
  }
  if (response.status === 503) {
    const message = await reason(response);
    banner.show("database", message);
    throw new ApiError(503, message);
  }
  banner.hide("database");
  if (!response.ok) throw new ApiError(response.status, await reason(response));
  return response.status === 204 ? null : response.json();
}

async function reason(response) {
  try {
    return (await response.json()).error ?? `HTTP ${response.status}`;
  } catch {
    return `HTTP ${response.status}`;
  }
}
