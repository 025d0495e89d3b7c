import { h } from "./dom.js";

const reasons = new Map();

/** What keeps the whole page from being true, above everything, for as long as it lasts. */
export const banner = {
  show(key, message) { reasons.set(key, message); draw(); },
  hide(key) { if (reasons.delete(key)) draw(); },
};

function draw() {
  const element = document.getElementById("banner");
  const wanted = [...reasons.values()].join(" ");
  if (element.textContent !== wanted) element.textContent = wanted;
  element.hidden = reasons.size === 0;
}

/** A short word about something that was done, or could not be. */
export function toast(message, kind = "good") {
  const element = h("div.toast", { class: kind }, message, h("button.icon", { "aria-label": "Dismiss", onclick: () => element.remove() }, "×"));
  document.getElementById("toasts").append(element);
  setTimeout(() => element.remove(), kind === "bad" ? 12000 : 5000);
}

/** Asks before something that hurts. */
export function confirmed(title, message, verb) {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("p").textContent = message;
  dialog.querySelector("button[value=yes]").textContent = verb;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

/** Does it, says how it went, and keeps the button from being pressed twice meanwhile. */
export async function press(button, work, done) {
  button.disabled = true;
  try {
    const result = await work();
    toast(typeof done === "function" ? done(result) : done);
    return result;
  } catch (problem) {
    toast(problem.message, "bad");
    return null;
  } finally {
    button.disabled = false;
  }
}
