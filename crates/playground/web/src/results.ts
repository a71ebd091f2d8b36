// The verdicts: a card for each object, or a row for each with the three vendors side by side.

import { h, plural } from "./dom";
import type { DiffLine, Problem, Profile, Verdict } from "./generated/playground";
import type { Cell, Compared, Excerpt, Part, Shown, ShownObject, ShownProblem, ShownRoutes } from "./protocol";
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
  error: "Not judged",
};

function badge(verdict: Verdict | null): HTMLElement {
  return h("span", { class: `badge ${verdict ?? "unseen-by-plane"}` }, verdict ? WORDS[verdict] : "Not looked at");
}

function lineButton(source: Problem["source"], line: number, actions: Actions): HTMLElement {
  return h("button", { type: "button", class: "line", click: () => actions.show(source, line) }, `line ${line}`);
}

/** One line about all. A link may bring policies of its own, and verdicts by them are not the plane's, so that is said. */
export function summaryOf(shown: Shown, profile: Profile, changed: Profile[]): string {
  const { objects, accepted, mutated, rejected, errors } = shown.summary;
  if (objects === 0 && errors === 0) return summaryOfNone(shown.problems);
  const parts = [
    accepted > 0 && `${accepted} accepted`,
    mutated > 0 && `${mutated} changed`,
    rejected > 0 && `${rejected} rejected`,
    errors > 0 && `${errors} not judged`,
  ].filter(Boolean);
  return `${plural(objects, "object")} on ${VENDORS[profile]}${changed.includes(profile) ? ", with changed policies" : ""}: ${parts.join(", ")}`;
}

function summaryOfNone(problems: Part<ShownProblem>): string {
  return problems.items.some((it) => it.error) ? "Something is to be put right first" : "Nothing to judge yet";
}

function withChanged(changed: Profile[]): string {
  return changed.length === 0
    ? ""
    : `, with changed policies for ${changed.map((profile) => VENDORS[profile]).join(" and ")}`;
}

export function summaryOfAll(compared: Compared, changed: Profile[]): string {
  const { total, errors, differing } = compared;
  if (total === 0 && errors === 0) return summaryOfNone(compared.problems);
  const admitted = total > 0 && `${compared.admitted} of ${plural(total, "object")} admitted everywhere`;
  const verdict =
    errors === 0 && compared.admitted === total
      ? `Portable: every vendor admits ${total === 1 ? "it" : `all ${total} objects`}`
      : `Not portable: ${[errors > 0 && `${errors} not readable`, admitted].filter(Boolean).join(", ")}`;
  const alike =
    differing === 0 ? "the same on all three" : `${differing} differ${differing === 1 ? "s" : ""} between vendors`;
  return `${verdict}${total > 0 ? `; ${alike}` : ""}${withChanged(changed)}`;
}

export function verdicts(shown: Shown, actions: Actions): Node[] {
  return [
    ...problems(shown.problems, actions),
    ...shown.objects.items.map((object) => card(object, actions)),
    ...more(shown.objects.more, "object", "with less to say: `agnostics check` shows them all"),
    ...notChecked(shown.notChecked),
  ];
}

function problems(list: Part<ShownProblem>, actions: Actions): Node[] {
  const articles = list.items.map((problem) =>
    h(
      "article",
      { class: `problem ${problem.error ? "error" : "warning"}` },
      h(
        "p",
        { class: "where" },
        h("strong", {}, `${problem.error ? "Cannot be read" : "Take note"}: ${source(problem)}`),
        problem.line !== null &&
          (problem.here ? lineButton(problem.source, problem.line, actions) : h("span", {}, `line ${problem.line}`)),
      ),
      h("p", {}, ...said(problem.message)),
      problem.help !== null && h("p", { class: "help" }, ...said(problem.help)),
    ),
  );
  return [...articles, ...more(list.more, "problem")];
}

function source(problem: ShownProblem): string {
  return problem.vendor === null ? problem.source : `${VENDORS[problem.vendor]} ${problem.source}`;
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
    object.routes && routes(object.routes, object.verdict, actions),
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
      note.block && snippet(note.block, "to copy", "Text", actions),
    ),
  );
  return [...notes, ...more(object.notes.more, "remark")];
}

function snippet(text: Excerpt, what: string, name: string, actions: Actions): HTMLElement {
  const copy = () => actions.copy(text.whole, name);
  return h(
    "figure",
    { class: "snippet" },
    h(
      "figcaption",
      {},
      what,
      h("button", { type: "button", class: "copy", "aria-label": `Copy ${what}`, click: copy }, "Copy"),
    ),
    h("pre", { tabindex: "0", role: "region", "aria-label": what }, h("code", {}, text.shown)),
    text.cut && h("p", { class: "more" }, "Not all of it is shown; all of it is copied."),
  );
}

function diff(object: ShownObject): HTMLElement {
  const lines = object.diff.items.map((line) => h("span", { class: `diff-line ${kindOf(line)}` }, shownLine(line)));
  return h(
    "figure",
    { class: "diff" },
    h("figcaption", {}, object.writtenOut ? "The change, in the object written out" : "The change"),
    h("pre", { tabindex: "0", role: "region", "aria-label": `The change of ${object.name}` }, h("code", {}, ...lines)),
    ...more(object.diff.more, "line"),
  );
}

function kindOf(line: DiffLine): string {
  return { "+": "added", "-": "removed", "@": "head", " ": "kept" }[line.sign];
}

function shownLine(line: DiffLine): string {
  return line.sign === "@" ? `@@ ${line.text} @@\n` : `${line.sign}${line.text}\n`;
}

function routes(routes: ShownRoutes, verdict: Verdict | null, actions: Actions): HTMLElement {
  const { what, findings, yaml } = routes;
  return h(
    "section",
    { class: "routes" },
    h(
      "h3",
      {},
      routes.complete ? `Write this ${verdict === "rejected" ? "instead" : "to move it"}` : `No ${what} says all of it`,
    ),
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
    yaml && snippet(yaml, what, what, actions),
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
      h("summary", {}, `Not checked for want of a cluster: ${list.items.length + list.more}`),
      h("p", {}, "Paste what the cluster holds, such as stores, Services and namespaces, into the tab Cluster."),
      h("ul", {}, ...list.items.map((what) => h("li", {}, ...said(what)))),
      ...more(list.more, "question"),
    ),
  ];
}

/** Text with what stands in backticks as code. */
function said(text: string): Node[] {
  return text.split("`").map((part, index) => (index % 2 === 1 ? h("code", {}, part) : document.createTextNode(part)));
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
    ...more(compared.objects.more, "object"),
    ...notChecked(compared.notChecked),
  ].filter((node) => node instanceof Node);
}

/** A cell's lines that change, and what is wrong. */
function changes({ wrong, changes }: Cell): HTMLElement[] {
  const lines = changes.items.map((line) =>
    h("div", { class: `diff-line ${kindOf(line)}` }, h("span", {}, line.sign), h("span", {}, line.text.trim())),
  );
  return [
    ...wrong.items.map((text) => h("p", { class: "wrong" }, ...said(text))),
    ...more(wrong.more, "remark"),
    ...(lines.length > 0 ? [h("div", { class: "mini" }, ...lines)] : []),
    ...more(changes.more, "line"),
  ];
}
