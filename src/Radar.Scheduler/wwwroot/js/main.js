import { getSession, post } from "./api.js";
import { attr, h, text } from "./dom.js";
import { stamp } from "./format.js";
import { on, start } from "./live.js";
import { fleetPage } from "./fleet.js";
import { runsPage } from "./runs.js";
import { runPage } from "./run.js";
import { candlesPage } from "./candles.js";

const pages = [
  [/^\/$/, "fleet", fleetPage],
  [/^\/runs\/?$/, "runs", runsPage],
  [/^\/runs\/(\d+)$/, "runs", runPage],
  [/^\/candles\/?([A-Za-z0-9]*)$/, "candles", candlesPage],
];
const main = document.getElementById("main");
let leave = null;

function show() {
  leave?.();
  leave = null;
  const found = pages.map(([path, name, page]) => [location.pathname.match(path), name, page]).find(([match]) => match);
  for (const link of document.querySelectorAll("nav a")) attr(link, "aria-current", link.dataset.page === found?.[1] ? "page" : null);
  main.replaceChildren();
  if (!found) {
    document.title = "Not here · Radar";
    main.append(h("div.empty", {}, h("h1", {}, "There is no such page"), h("p", {}, "Choose one above.")));
    return;
  }
  const [match, , page] = found;
  const view = page(main, ...match.slice(1));
  document.title = `${view.title} · Radar`;
  leave = view.leave;
}

/** Goes to another page without loading anew. */
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='/']");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || link.target || link.hasAttribute("download")) return;
  event.preventDefault();
  if (link.href !== location.href) history.pushState(null, "", link.href);
  show();
  scrollTo(0, 0);
});
addEventListener("popstate", show);

document.getElementById("theme").addEventListener("click", () => {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("radar.theme", theme);
  dispatchEvent(new Event("radar-theme"));
});
document.getElementById("logout").addEventListener("click", async () => {
  await post("/logout").catch(() => {});
  location.assign("/login");
});

const tickClock = () => text(document.getElementById("clock"), stamp(Date.now()) + " UTC");
tickClock();
setInterval(tickClock, 1000);

const link = document.getElementById("link");
on("state", (state) => {
  attr(link, "data-state", state);
  text(link.lastElementChild, state === "live" ? "live" : "polling");
  attr(link, "title", state === "live" ? "Changes are shown as they happen" : "The event stream is down: looking every few seconds");
});

getSession().then((session) => {
  text(document.getElementById("user"), session.user);
  if (session.jobs) document.querySelector("nav").append(h("a", { href: session.jobs.path, target: "_self" }, session.jobs.name));
}).catch(() => {});
start();
show();
