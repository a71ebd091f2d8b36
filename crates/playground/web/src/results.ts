// The verdicts: a card for each object, or a row for each with the three vendors side by side.

import { h, plural } from "./dom";
import type { DiffLine, Note, Problem, Profile, Routes, Verdict } from "./generated/playground";
import type { Compared, Shown, ShownObject } from "./protocol";
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
  if (objects === 0 && errors === 0) {
    return shown.problems.some((it) => it.error) ? "Something is to be put right first" : "Nothing to judge yet";
  }
  const parts = [
    accepted > 0 && `${accepted} accepted`,
    mutated > 0 && `${mutated} changed`,
    rejected > 0 && `${rejected} rejected`,
    errors > 0 && `${errors} not readable`,
  ].filter(Boolean);
  return `${plural(objects, "object")} on ${VENDORS[profile]}${changed.includes(profile) ? ", with changed policies" : ""}: ${parts.join(", ")}`;
}

function withChanged(changed: Profile[]): string {
  return changed.length === 0
    ? ""
    : `, with changed policies for ${changed.map((profile) => VENDORS[profile]).join(" and ")}`;
}

export function summaryOfAll(compared: Compared, changed: Profile[]): string {
  if (compared.total === 0) {
    return compared.problems.some((it) => it.error) ? "Something is to be put right first" : "Nothing to judge yet";
  }
  const admitted =
    compared.admitted === compared.total
      ? `Portable: every vendor admits ${compared.total === 1 ? "it" : `all ${compared.total} objects`}`
      : `Not portable: ${compared.admitted} of ${plural(compared.total, "object")} admitted everywhere`;
  const differing = compared.differing;
  return `${admitted}; ${differing === 0 ? "the same on all three" : `${differing} differ${differing === 1 ? "s" : ""} between vendors`}${withChanged(changed)}`;
}

export function verdicts(shown: Shown, actions: Actions): Node[] {
  return [
    ...problems(shown.problems, actions),
    ...shown.objects.map((object) => card(object, actions)),
    ...more(shown.more),
    ...notChecked(shown.notChecked),
  ];
}

function problems(list: Problem[], actions: Actions): Node[] {
  return list.map((problem) =>
    h(
      "article",
      { class: `problem ${problem.error ? "error" : "warning"}` },
      h(
        "p",
        { class: "where" },
        h("strong", {}, `${problem.error ? "Cannot be read" : "Take note"}: ${problem.source}`),
        problem.line !== null && lineButton(problem.source, problem.line, actions),
      ),
      h("p", {}, ...said(problem.message)),
      problem.help !== null && h("p", { class: "help" }, ...said(problem.help)),
    ),
  );
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
    object.diff.length > 0 && diff(object),
    object.routes && routes(object.routes, object.verdict, actions),
  );
}

function notes(object: ShownObject, actions: Actions): HTMLElement[] {
  return object.notes.map((note) =>
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
      block(note, object.routes, actions),
    ),
  );
}

/** What a message ends in, to be copied; an Ingress's routes have a place of their own. */
function block(note: Note, routes: Routes | null, actions: Actions): HTMLElement | null {
  if (note.block === "" || routes) return null;
  return snippet(note.block, "to copy", () => actions.copy(note.block, "Text"));
}

function snippet(text: string, what: string, copy: () => void): HTMLElement {
  return h(
    "figure",
    { class: "snippet" },
    h(
      "figcaption",
      {},
      what,
      h("button", { type: "button", class: "copy", "aria-label": `Copy ${what}`, click: copy }, "Copy"),
    ),
    h("pre", { tabindex: "0", role: "region", "aria-label": what }, h("code", {}, text)),
  );
}

function diff(object: ShownObject): HTMLElement {
  const lines = object.diff.map((line) => h("span", { class: `diff-line ${kindOf(line)}` }, shownLine(line)));
  return h(
    "figure",
    { class: "diff" },
    h("figcaption", {}, object.writtenOut ? "The change, in the object written out" : "The change"),
    h("pre", { tabindex: "0", role: "region", "aria-label": `The change of ${object.name}` }, h("code", {}, ...lines)),
  );
}

function kindOf(line: DiffLine): string {
  return { "+": "added", "-": "removed", "@": "head", " ": "kept" }[line.sign];
}

function shownLine(line: DiffLine): string {
  return line.sign === "@" ? `@@ ${line.text} @@\n` : `${line.sign}${line.text}\n`;
}

function routes(routes: Routes, verdict: Verdict | null, actions: Actions): HTMLElement {
  const kinds = [...new Set([...routes.yaml.matchAll(/^kind: (\w+)$/gm)].map((match) => match[1] ?? ""))];
  const what = kinds.join(" and ") || "HTTPRoute";
  return h(
    "section",
    { class: "routes" },
    h(
      "h3",
      {},
      routes.complete ? `Write this ${verdict === "rejected" ? "instead" : "to move it"}` : `No ${what} says all of it`,
    ),
    ...routes.findings.map((finding) =>
      h(
        "p",
        { class: finding.lacks ? "lacks" : "remark" },
        ...said(finding.text),
        " ",
        lineButton("manifests", finding.line, actions),
      ),
    ),
    routes.yaml !== "" && snippet(routes.yaml, what, () => actions.copy(routes.yaml, what)),
  );
}

function more(count: number): Node[] {
  if (count === 0) return [];
  const text = `and ${plural(count, "object")} more, with less to say: \`agnostics check\` shows them all.`;
  return [h("p", { class: "more" }, ...said(text))];
}

function notChecked(list: string[]): Node[] {
  if (list.length === 0) return [];
  return [
    h(
      "details",
      { class: "not-checked" },
      h("summary", {}, `Not checked for want of a cluster: ${list.length}`),
      h("p", {}, "Paste what the cluster holds, such as stores, Services and namespaces, into the tab Cluster."),
      h("ul", {}, ...list.map((what) => h("li", {}, ...said(what)))),
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
  const rows = compared.objects.map(({ line, kind, name, cells, same }) =>
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
  const left = compared.total - compared.objects.length;
  return [
    ...problems(compared.problems, actions),
    rows.length > 0 &&
      h(
        "div",
        { class: "wide", tabindex: "0", role: "region", "aria-label": "Verdicts by vendor" },
        h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows)),
      ),
    left > 0 && h("p", { class: "more" }, `${plural(left, "object")} not shown.`),
  ].filter((node): node is HTMLElement => node instanceof HTMLElement);
}

/** A cell's lines that change, and what is wrong. */
function changes(cell: ShownObject): HTMLElement[] {
  const lines = cell.diff.filter((line) => line.sign === "+" || line.sign === "-").slice(0, 12);
  const wrong = cell.notes.filter((note) => note.level !== "warning");
  return [
    ...wrong.map((note) => h("p", { class: "wrong" }, ...said(note.text))),
    ...(lines.length > 0
      ? [
          h(
            "div",
            { class: "mini" },
            ...lines.map((line) =>
              h(
                "div",
                { class: `diff-line ${kindOf(line)}` },
                h("span", {}, line.sign),
                h("span", {}, line.text.trim()),
              ),
            ),
          ),
        ]
      : []),
  ];
}
