import { get, post } from "./api.js";
import { h, sync } from "./dom.js";
import { on, single } from "./live.js";
import { confirmed, press } from "./notices.js";
import { runRow, updateRunRow } from "./run-rows.js";

const page = 50;

/** Runs, newest first. */
export function runsPage(main) {
  const query = new URLSearchParams(location.search);
  let take = page;
  const workflow = h("select", { "aria-label": "Workflow", onchange: filter }, h("option", { value: "" }, "All workflows"));
  const activeOnly = h("input", { type: "checkbox", onchange: filter, checked: query.has("active") });
  const buttons = h("div.actions");
  const body = h("tbody");
  const table = h("div.table-wrap", { hidden: true }, h("table.grid.cards.runs", {}, h("caption.hidden", {}, "Runs"),
    h("thead", {}, h("tr", {}, ["Run", "State", "Tasks", "Cause", "By", "Made (UTC)", "Took", "Reason"].map((c) => h("th", { scope: "col" }, c)))), body));
  const empty = h("div.empty", { hidden: true }, h("h2", {}, "No runs"), h("p"));
  const more = h("button.plain.more", { type: "button", hidden: true, onclick: () => { take += page; look(); } }, "Show older runs");
  main.append(
    h("div.page-head", {}, h("h1", {}, "Runs"), buttons),
    h("div.filters", {}, workflow, h("label.check", {}, activeOnly, "only those under way")),
    table, empty, more);

  const look = single(async () => {
    const asked = new URLSearchParams({ take: Math.min(take + 1, 500) });
    if (workflow.value) asked.set("workflow", workflow.value);
    if (activeOnly.checked) asked.set("active", "true");
    const runs = await get(`/api/v1/runs?${asked}`);
    more.hidden = runs.length <= take;
    table.hidden = runs.length === 0;
    empty.hidden = runs.length > 0;
    empty.lastChild.textContent = activeOnly.checked || workflow.value
      ? "None fits the filter: choose all workflows, and not only those under way."
      : "A run is one execution of a workflow. Run start-fleet above to bring the fleet up.";
    sync(body, runs.slice(0, take), (r) => r.runId, runRow, updateRunRow);
  });

  function filter() {
    const asked = new URLSearchParams();
    if (workflow.value) asked.set("workflow", workflow.value);
    if (activeOnly.checked) asked.set("active", "1");
    history.replaceState(null, "", asked.size ? `/runs?${asked}` : "/runs");
    take = page;
    look();
  }

  get("/api/v1/workflows").then((workflows) => {
    for (const w of workflows) {
      workflow.append(h("option", { value: w.name }, w.name));
      const hurts = w.name.startsWith("kill");
      const button = h(hurts ? "button.danger" : "button.plain", {
        type: "button", title: w.description,
        onclick: async () => {
          if (hurts && !(await confirmed(`Run ${w.name}?`, w.description, `Run ${w.name}`))) return;
          await press(button, () => post(`/api/v1/workflows/${w.name}/runs`),
            (r) => (r.created ? `${w.name} is run ${r.runId}` : `${w.name} runs already: run ${r.runId}`));
        },
      }, `Run ${w.name}`);
      buttons.append(button);
    }
    workflow.value = query.get("workflow") ?? "";
    look();
  }).catch(() => {});
  const stops = [on("runs", look), on("tick", look)];
  look();
  return { title: "Runs", leave: () => stops.forEach((stop) => stop()) };
}
