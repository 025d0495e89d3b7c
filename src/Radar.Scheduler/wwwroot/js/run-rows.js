import { attr, h, text } from "./dom.js";
import { between, span, stamp } from "./format.js";

const active = ["waiting", "running", "cancelling"];

/** A run as a table row. */
export function runRow(run) {
  const cell = (label, ...children) => h("td", { "data-label": label }, children);
  return h("tr", { "data-run": run.runId },
    cell("Run", h("a.name", { href: `/runs/${run.runId}` }, `${run.workflow} `, h("span.quiet", {}, `#${run.runId}`))),
    cell("State", h("span.badge")),
    cell("Tasks"),
    cell("Cause", run.cause),
    cell("By", run.requestedBy),
    cell("Made", h("time", { datetime: run.createdAt }, stamp(run.createdAt))),
    h("td.num", { "data-label": "Took" }),
    h("td.wide", { "data-label": "Reason" }));
}

export function updateRunRow(row, run) {
  const cells = row.children;
  text(cells[1].firstChild, run.state);
  attr(cells[1].firstChild, "data-state", run.state);
  text(cells[2], `${run.tasksEnded} of ${run.tasks}`);
  text(cells[6], run.startedAt ? span(between(run.startedAt, run.endedAt)) : "–");
  text(cells[7], run.reason ?? "");
  attr(cells[7], "title", run.reason);
}

/** A run under way, as a strip with its progress. */
export function activeRun(run) {
  return h("a.active-run", { href: `/runs/${run.runId}` },
    h("span.badge"), h("strong", {}, `${run.workflow} #${run.runId}`), h("progress", { max: 1, value: 0, "aria-label": "Tasks ended" }), h("span.quiet"));
}

activeRun.update = (element, run) => {
  text(element.children[0], run.state);
  attr(element.children[0], "data-state", run.state);
  element.children[2].value = run.tasks ? run.tasksEnded / run.tasks : 0;
  text(element.children[3], `${run.tasksEnded} of ${run.tasks} tasks · ${span(between(run.startedAt ?? run.createdAt))}`);
};

export const isActive = (run) => active.includes(run.state);
