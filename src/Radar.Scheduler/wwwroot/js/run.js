import { get, post } from "./api.js";
import { attr, follow, h, sync, text } from "./dom.js";
import { between, clock, span, stamp } from "./format.js";
import { on, single } from "./live.js";
import { confirmed, press } from "./notices.js";
import { drawGraph } from "./run-graph.js";
import { isActive } from "./run-rows.js";

/** One run: its graph, and the log of the task that is chosen. */
export function runPage(main, id) {
  const title = h("h1", {}, `Run ${id}`);
  const state = h("span.badge");
  const cancel = h("button.danger", {
    type: "button", hidden: true,
    onclick: async () => {
      if (await confirmed(`Cancel run ${id}?`, "Tasks that have not begun never do; tasks at work are stopped.", "Cancel the run")) {
        await press(cancel, () => post(`/api/v1/runs/${id}/cancel`), `Run ${id} is being cancelled`);
        look();
      }
    },
  }, "Cancel the run");
  const facts = h("dl.facts");
  const why = h("p.notice", { hidden: true });
  const graph = h("div.graph", { role: "group", "aria-label": "Tasks" });
  const logTitle = h("h2", {}, "Log");
  const detail = h("span.quiet");
  const lines = h("div.lines");
  const log = h("div.log", { tabindex: 0, role: "log", "aria-label": "Task log" }, lines);
  const job = h("a.quiet", { target: "_self", hidden: true });
  const box = h("section.log-box", { hidden: true }, h("div.section-head", {}, logTitle, h("span", {}, detail, " ", job)), log);
  main.append(h("div.page-head", {}, h("div.title", {}, h("a.quiet", { href: "/runs" }, "Runs /"), title, state), h("div.actions", {}, cancel)), facts, why, graph, box);

  let run = null, tasks = [], jobs = null, chosen = null, after = 0, byHand = false, ended = false;

  const look = single(async () => {
    let answer;
    try {
      answer = await get(`/api/v1/runs/${id}`);
    } catch (problem) {
      if (problem.status === 404) main.replaceChildren(h("div.empty", {}, h("h1", {}, "No such run"), h("p", {}, problem.message), h("a", { href: "/runs" }, "All runs")));
      throw problem;
    }
    ({ run, tasks, jobs } = answer);
    text(title, `${run.workflow} #${run.runId}`);
    text(state, run.state);
    attr(state, "data-state", run.state);
    cancel.hidden = !["waiting", "running"].includes(run.state);
    drawFacts(facts, run);
    const message = answer.why ?? run.reason;
    text(why, message);
    why.hidden = !message;
    why.classList.toggle("bad", run.state === "failed");
    if (!byHand) choose(next(tasks)?.task, false);
    drawGraph(graph, tasks, chosen, (task) => choose(task, true));
    drawDetail();
    await readLog();
    ended = !isActive(run);
  });

  function choose(task, hand) {
    byHand ||= hand;
    if (!task || task === chosen) return;
    chosen = task;
    after = 0;
    lines.replaceChildren();
    box.hidden = false;
    text(logTitle, task);
    if (hand) {
      drawGraph(graph, tasks, chosen, (other) => choose(other, true));
      drawDetail();
      readLog();
    }
  }

  function drawDetail() {
    const task = tasks.find((t) => t.task === chosen);
    if (!task) return;
    text(detail, [
      task.state, task.attempt ? `attempt ${task.attempt}` : null, task.node ? `on ${task.node}` : null,
      task.startedAt ? span(between(task.startedAt, task.endedAt)) : null, task.reason,
    ].filter(Boolean).join(" · "));
    job.hidden = !jobs || !task.jobId;
    if (!job.hidden) {
      attr(job, "href", jobs.jobPath + encodeURIComponent(task.jobId));
      text(job, `${jobs.name} job ${task.jobId}`);
    }
  }

  const readLog = single(async () => {
    const task = chosen;
    if (!task) return;
    for (;;) {
      const read = await get(`/api/v1/runs/${id}/logs?task=${encodeURIComponent(task)}&after=${after}&take=500`);
      if (task !== chosen) return;
      follow(log, () => lines.append(...read.map((line) => h("div.line", { "data-level": line.level },
        h("time", {}, clock(line.at)), line.attempt > 1 ? h("span.try", {}, `attempt ${line.attempt}`) : null, h("span", {}, line.message)))));
      after = read.at(-1)?.id ?? after;
      if (read.length < 500) break;
    }
    if (!lines.childElementCount) lines.append(h("div.line.quiet.none", {}, "Nothing written yet."));
    else if (lines.childElementCount > 1) lines.querySelector(".none")?.remove();
  });

  const stops = [on("runs", (changed) => { if (!changed || changed === id || changed === "*") look(); }), on("tick", () => { if (!ended) look(); })];
  const timer = setInterval(() => { if (run && !ended) { drawFacts(facts, run); readLog(); } }, 1000);
  look();
  return { title: `Run ${id}`, leave: () => { clearInterval(timer); stops.forEach((stop) => stop()); } };
}

// The task that a person would look at: the one that failed, else the newest at work, else the last that ended.
const next = (tasks) =>
  tasks.find((t) => t.state === "failed") ?? tasks.findLast((t) => t.state === "running") ?? tasks.findLast((t) => t.state === "retrying")
  ?? tasks.findLast((t) => t.state === "succeeded") ?? tasks[0];

function drawFacts(facts, run) {
  const rows = [
    ["Cause", run.cause], ["By", run.requestedBy], ["Made", stamp(run.createdAt)], ["Started", run.startedAt ? stamp(run.startedAt) : "–"],
    ["Ended", run.endedAt ? stamp(run.endedAt) : "–"], ["Took", run.startedAt ? span(between(run.startedAt, run.endedAt)) : "–"], ["Tasks", `${run.tasksEnded} of ${run.tasks}`],
  ];
  sync(facts, rows, ([name]) => name, ([name]) => h("div", {}, h("dt", {}, name), h("dd")), (element, [, value]) => text(element.lastChild, value));
}
