import { attr, h, sync, text } from "./dom.js";
import { between, span } from "./format.js";

/** Tasks in columns: a task stands one column to the right of the last of its parents. */
export function drawGraph(graph, tasks, chosen, choose) {
  const depth = depths(tasks);
  const columns = [];
  for (const task of tasks) (columns[depth.get(task.task)] ??= []).push(task);
  const listed = [...columns].map((column, at) => ({ at, column: column ?? [] }));
  sync(graph, listed, (c) => c.at, () => h("div.column"), (element, c) =>
    sync(element, c.column, (t) => t.task, (task) => createTask(task, choose), (button, task) => updateTask(button, task, task.task === chosen)));
}

function depths(tasks) {
  const byName = new Map(tasks.map((t) => [t.task, t]));
  const byTemplate = Map.groupBy ? Map.groupBy(tasks, (t) => t.template) : group(tasks);
  const known = new Map();
  const of = (task) => {
    if (known.has(task.task)) return known.get(task.task);
    known.set(task.task, 0); // Graphs have no circles; this only guards against a wrong answer.
    let parents = task.needs.flatMap((need) => (byName.has(need) ? [byName.get(need)] : [])
      .concat((byTemplate.get(need) ?? []).filter((t) => t.task !== need)));
    // An instance follows the task that found the instances.
    if (task.instance && byName.has(task.template)) parents = parents.concat(byName.get(task.template));
    const depth = parents.filter((p) => p !== task).reduce((deepest, parent) => Math.max(deepest, of(parent) + 1), 0);
    known.set(task.task, depth);
    return depth;
  };
  tasks.forEach(of);
  return known;
}

function group(tasks) {
  const groups = new Map();
  for (const task of tasks) groups.set(task.template, [...(groups.get(task.template) ?? []), task]);
  return groups;
}

function createTask(task, choose) {
  return h("button.task", { type: "button", onclick: () => choose(task.task) },
    h("span.task-name", {}, task.instance ? h("span.task-of", {}, task.template) : null, breakable(task.instance ?? task.task)),
    h("span.task-state", {}, h("i.dot"), h("span"), h("span.took")),
    h("progress", { max: 1, hidden: true, "aria-label": "Progress" }),
    h("span.task-note"));
}

function updateTask(button, task, isChosen) {
  attr(button, "data-state", task.state);
  attr(button, "aria-pressed", String(isChosen));
  attr(button, "title", task.reason ?? task.activity ?? task.task);
  const [, state, progress, note] = button.children;
  text(state.children[1], task.attempt > 1 ? `${task.state} ×${task.attempt}` : task.state);
  text(state.children[2], task.startedAt ? span(between(task.startedAt, task.endedAt)) : "");
  progress.hidden = !(task.state === "running" && task.progress !== null && task.progress !== undefined);
  if (!progress.hidden) progress.value = task.progress;
  text(note, task.state === "running" ? task.activity : ["failed", "retrying", "skipped"].includes(task.state) ? task.reason : "");
}

// Long names break where a person would break them.
const breakable = (name) => name.split("/").flatMap((part, at) => (at ? ["/", document.createElement("wbr"), part] : [part]));
