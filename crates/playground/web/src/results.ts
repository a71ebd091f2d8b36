// The verdicts: a card for each object, or a row for each with the three vendors side by side.

import { h, plural, said } from "./dom";
import type { DiffLine, Problem, Profile, Verdict } from "./generated/playground";
import type { Cell, Compared, Excerpt, Marks, Part, Shown, ShownObject, ShownProblem, ShownRoutes } from "./protocol";
import { PROFILES } from "./state";

export const VENDORS: Record<Profile, string> = { azure: "Azure", aws: "AWS", k3s: "K3s" };

/** What the verdicts need of the page. */
export interface Actions {
  show(source: Problem["source"], line: number): void;
  copy(text: string, what: string): void;
}

const WORDS: Record<Verdict, string> = {
  accepted: "Accepted",
  mutated: "Changed",
  rejected: "Rejected",
  error: "Could not be checked",
};

function badge(verdict: Verdict | null): HTMLElement {
  return h("span", { class: `badge ${verdict ?? ""}` }, verdict ? WORDS[verdict] : "Not covered by any policy");
}

function lineButton(source: Problem["source"], line: number, actions: Actions): HTMLElement {
  return h("button", { type: "button", class: "line", click: () => actions.show(source, line) }, `line ${line}`);
}

/** What verdicts are by beside the manifests. A link may bring it too, so that it is said with every verdict. */
export interface Circumstances {
  /** The vendors whose policies are not the original ones. */
  changed: Profile[];
  /** Whether there are objects of the cluster. */
  cluster: boolean;
}

function withAll(...what: (string | false)[]): string {
  const all = what.filter(Boolean);
  return all.length > 0 ? `, with ${all.join(" and ")}` : "";
}

/** One line about all. */
export function summaryOf(shown: Shown, profile: Profile, { changed, cluster }: Circumstances): string {
  const { objects, accepted, mutated, rejected, errors } = shown.summary;
  if (objects === 0 && errors === 0) return summaryOfNone(shown.problems);
  const parts = [
    accepted > shown.uncovered && `${accepted - shown.uncovered} accepted`,
    mutated > 0 && `${mutated} changed`,
    rejected > 0 && `${rejected} rejected`,
    shown.uncovered > 0 && uncovered(shown.uncovered),
    errors > 0 && `${errors} could not be checked`,
  ].filter(Boolean);
  const by = withAll(changed.includes(profile) && "changed policies", cluster && "cluster objects");
  return `${plural(objects, "object")} on ${VENDORS[profile]}${by}: ${parts.join(", ")}`;
}

function uncovered(count: number): string {
  return `${count} not covered by any policy`;
}

function summaryOfNone(problems: Part<ShownProblem>): string {
  return problems.items.some((it) => it.error) ? "Fix the errors below first" : "Nothing to check yet";
}

export function summaryOfAll(compared: Compared, { changed, cluster }: Circumstances): string {
  const { total, errors, differing, warnedApart } = compared;
  if (total === 0 && errors === 0) return summaryOfNone(compared.problems);
  const admitted = total > 0 && `${compared.admitted} of ${plural(total, "object")} admitted everywhere`;
  const verdict =
    errors === 0 && compared.admitted === total
      ? `Portable: every vendor admits ${total === 1 ? "it" : `all ${total} objects`}`
      : `Not portable: ${[errors > 0 && `${errors} not readable`, admitted].filter(Boolean).join(", ")}`;
  const apart = [
    differing > 0 && `${plural(differing, "object ends", "objects end")} up different between vendors`,
    warnedApart > 0 && `${plural(warnedApart, "object has", "objects have")} different warnings`,
  ].filter(Boolean);
  const between = [
    apart.length > 0 ? apart.join(", ") : "the same on all three",
    compared.uncovered > 0 && uncovered(compared.uncovered),
  ].filter(Boolean);
  const vendors = changed.map((profile) => VENDORS[profile]).join(" and ");
  const by = withAll(changed.length > 0 && `changed policies for ${vendors}`, cluster && "cluster objects");
  return `${verdict}${total > 0 ? `; ${between.join(", ")}` : ""}${by}`;
}

export function verdicts(shown: Shown, actions: Actions): Node[] {
  return [
    ...problems(shown.problems, actions),
    ...shown.objects.items.map((object) => card(object, actions)),
    ...more(shown.objects.more, "object", "with less to say: `agnostics check` shows them all"),
    ...notChecked(shown.notChecked),
    ...unmarked(shown.marks),
  ];
}

/** That not every line has its mark. */
function unmarked(marks: Marks): HTMLElement[] {
  const count = Object.values(marks).reduce((sum, { more }) => sum + more, 0);
  if (count === 0) return [];
  return [h("p", { class: "more" }, `The gravest remarks are marked beside your text; ${count} more are not.`)];
}

function problems(list: Part<ShownProblem>, actions: Actions): Node[] {
  const articles = list.items.map((problem) =>
    h(
      "article",
      { class: `problem ${problem.error ? "error" : "warning"}` },
      h(
        "p",
        { class: "where" },
        h("strong", {}, `${problem.error ? "Error" : "Warning"} in ${source(problem)}`),
        problem.line !== null &&
          (problem.here ? lineButton(problem.source, problem.line, actions) : h("span", {}, `line ${problem.line}`)),
      ),
      h("p", {}, ...said(problem.message)),
      problem.help !== null && h("p", { class: "help" }, ...said(problem.help)),
    ),
  );
  return [...articles, ...more(list.more, "problem")];
}

/** The tab that a problem is in. */
function source({ source, vendor }: ShownProblem): string {
  const tab = source.charAt(0).toUpperCase() + source.slice(1);
  return vendor === null ? tab : `${tab} for ${VENDORS[vendor]}`;
}

function card(object: ShownObject, actions: Actions): HTMLElement {
  const id = `object-${object.index}`;
  return h(
    "article",
    { class: `card ${object.verdict ?? "quiet"}`, "aria-labelledby": id },
    h(
      "header",
      {},
      badge(object.verdict),
      h("h2", { id }, h("span", { class: "kind" }, object.kind), " ", object.name),
      lineButton("manifests", object.line, actions),
    ),
    ...notes(object, actions),
    object.diff.items.length > 0 && diff(object),
    object.routes && routes(object.routes, object, actions),
  );
}

function notes(object: ShownObject, actions: Actions): HTMLElement[] {
  const notes = object.notes.items.map((note) =>
    h(
      "div",
      { class: `note ${note.level}` },
      h(
        "p",
        {},
        h("span", { class: "module" }, note.module),
        " ",
        ...said(note.text),
        note.line !== object.line && " ",
        note.line !== object.line && lineButton("manifests", note.line, actions),
      ),
      note.block && snippet(note.block, "Text", object, actions),
    ),
  );
  return [...notes, ...more(object.notes.more, "remark")];
}

function snippet(text: Excerpt, what: string, { name }: ShownObject, actions: Actions): HTMLElement {
  const copy = () => actions.copy(text.whole, what);
  return h(
    "figure",
    { class: "snippet" },
    h(
      "figcaption",
      {},
      what,
      h("button", { type: "button", class: "copy", "aria-label": `Copy ${what} for ${name}`, click: copy }, "Copy"),
    ),
    h("pre", { tabindex: "0", role: "group", "aria-label": `${what} for ${name}` }, h("code", {}, text.shown)),
    text.cut && h("p", { class: "more" }, "Not all of it is shown; all of it is copied."),
  );
}

const EXPANDED = "The change, shown on the expanded object (your text uses an alias, or is very long)";

function diff(object: ShownObject): HTMLElement {
  const lines = object.diff.items.map((line) => h("span", { class: `diff-line ${kindOf(line)}` }, shownLine(line)));
  return h(
    "figure",
    { class: "diff" },
    h("figcaption", {}, object.writtenOut ? EXPANDED : "The change"),
    h("pre", { tabindex: "0", role: "group", "aria-label": `The change of ${object.name}` }, h("code", {}, ...lines)),
    ...more(object.diff.more, "line"),
  );
}

function kindOf(line: DiffLine): string {
  return { "+": "added", "-": "removed", "@": "head", " ": "kept" }[line.sign];
}

function shownLine(line: DiffLine): string {
  return line.sign === "@" ? `@@ ${line.text} @@\n` : `${line.sign}${line.text}\n`;
}

function routes({ what, findings, yaml, complete }: ShownRoutes, object: ShownObject, actions: Actions): HTMLElement {
  const instead = `Write this ${object.verdict === "rejected" ? "instead" : "to move it"}`;
  const lacking = `An ${what} cannot express everything in this Ingress${yaml ? "; this one is incomplete" : ""}`;
  return h(
    "section",
    { class: "routes" },
    h("h3", {}, complete ? instead : lacking),
    ...findings.items.map((finding) =>
      h(
        "p",
        { class: finding.lacks ? "lacks" : "remark" },
        ...said(finding.text),
        " ",
        lineButton("manifests", finding.line, actions),
      ),
    ),
    ...more(findings.more, "remark"),
    yaml && snippet(yaml, what, object, actions),
  );
}

/** What there was no room for. */
function more(count: number, thing: string, that = ""): HTMLElement[] {
  if (count === 0) return [];
  const text = `and ${plural(count, thing)} more${that && `, ${that}`}.`;
  return [h("p", { class: "more" }, ...said(text))];
}

function notChecked(list: Part<string>): HTMLElement[] {
  if (list.items.length === 0) return [];
  return [
    h(
      "details",
      { class: "not-checked" },
      h("summary", {}, `${plural(list.items.length + list.more, "thing")} could not be checked without a cluster`),
      h("p", {}, "Paste what the cluster holds, such as Namespaces, Services and secret stores, into the Cluster tab."),
      h("ul", {}, ...list.items.map((what) => h("li", {}, ...said(what)))),
      ...more(list.more, "question"),
    ),
  ];
}

export function table(compared: Compared, actions: Actions): Node[] {
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, "Object"),
    ...PROFILES.map((profile) => h("th", { scope: "col" }, VENDORS[profile])),
  );
  const rows = compared.objects.items.map(({ line, kind, name, cells, same }) =>
    h(
      "tr",
      { class: same ? "same" : "differs" },
      h(
        "th",
        { scope: "row" },
        h("span", { class: "kind" }, kind),
        h("span", { class: "name" }, name),
        lineButton("manifests", line, actions),
      ),
      ...(same && cells[0]
        ? [
            h(
              "td",
              { colspan: "3" },
              badge(cells[0].verdict),
              h("span", { class: "all" }, "on all three"),
              ...changes(cells[0]),
            ),
          ]
        : cells.map((cell) => h("td", {}, badge(cell.verdict), ...changes(cell)))),
    ),
  );
  return [
    ...problems(compared.problems, actions),
    rows.length > 0 &&
      h(
        "div",
        { class: "wide", tabindex: "0", role: "region", "aria-label": "Verdicts by vendor" },
        h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows)),
      ),
    ...more(compared.objects.more, "object", compared.restAlike ? "which end up the same on all three" : ""),
    ...notChecked(compared.notChecked),
    ...unmarked(compared.marks),
  ].filter((node) => node instanceof Node);
}

/** What is said in a cell, and the lines that change. */
function changes({ notes, changes }: Cell): HTMLElement[] {
  const lines = changes.items.map((line) =>
    h("div", { class: `diff-line ${kindOf(line)}` }, h("span", {}, line.sign), h("span", {}, line.text.trim())),
  );
  return [
    ...notes.items.map(({ level, text }) => h("p", { class: level }, ...said(text))),
    ...more(notes.more, "remark"),
    ...(lines.length > 0 ? [h("div", { class: "mini" }, ...lines)] : []),
    ...more(changes.more, "line"),
  ];
}
