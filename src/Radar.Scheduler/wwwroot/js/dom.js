/** Makes an element: h("a.quiet", {href, onclick}, child, "text"). */
export function h(what, attributes, ...children) {
  const [name, ...classes] = what.split(".");
  const element = document.createElement(name || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "class") element.classList.add(...value.split(" ").filter(Boolean));
    else if (key === "style") Object.assign(element.style, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const ns = "http://www.w3.org/2000/svg";

/** Makes an SVG element. */
export function s(name, attributes, ...children) {
  const element = document.createElementNS(ns, name);
  for (const [key, value] of Object.entries(attributes ?? {})) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Sets text only where it differs, so that selections and screen readers are left alone. */
export function text(element, value) {
  const wanted = value ?? "";
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** Sets an attribute only where it differs; null removes it. */
export function attr(element, name, value) {
  if (value === null || value === undefined) { if (element.hasAttribute(name)) element.removeAttribute(name); }
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * Brings the children of a parent in line with a list, element by element: those that stay are updated in place, so nothing flashes
 * and nothing loses its scroll or focus.
 */
export function sync(parent, items, key, create, update) {
  const known = parent.__known ??= new Map();
  const wanted = new Set();
  let place = parent.firstElementChild;
  for (const item of items) {
    const id = key(item);
    wanted.add(id);
    let element = known.get(id);
    if (!element) known.set(id, element = create(item));
    update?.(element, item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const [id, element] of known) {
    if (!wanted.has(id)) { element.remove(); known.delete(id); }
  }
}

/** Keeps a scroller at its end if it is there already. */
export function follow(scroller, change) {
  const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 24;
  change();
  if (atEnd) scroller.scrollTop = scroller.scrollHeight;
}
