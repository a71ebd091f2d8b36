// Shows the verdicts: a card per object, or a table with one column per platform.

import { formatCode, h, plural } from "./dom";
import type { DiffLine, Problem, Profile, Verdict } from "./generated/playground";
import type {
  Cell,
  CheckResult,
  Comparison,
  Excerpt,
  Marks,
  ObjectResult,
  ProblemResult,
  RoutesResult,
  Truncated,
} from "./protocol";
import { PROFILES } from "./state";

export const PLATFORMS: Record<Profile, string> = { azure: "Azure", aws: "AWS", k3s: "K3s" };

/** The actions of buttons in the verdicts. */
export interface Actions {
  show(source: Problem["source"], line: number): void;
  copy(text: string, label: string): void;
}

const WORDS: Record<Verdict, string> = {
  accepted: "Accepted",
  mutated: "Mutated",
  rejected: "Rejected",
  error: "Could not be checked",
};

function badge(verdict: Verdict | null): HTMLElement {
  return h("span", { class: `badge ${verdict ?? ""}` }, verdict ? WORDS[verdict] : "Not covered by any policy");
}

function lineButton(source: Problem["source"], line: number, actions: Actions): HTMLElement {
  return h("button", { type: "button", class: "line", click: () => actions.show(source, line) }, `line ${line}`);
}

/** Inputs besides the manifests. Every summary mentions them, because a link may set them unnoticed. */
export interface OtherInputs {
  /** The platforms with edited policies. */
  editedPolicies: Profile[];
  /** Whether there are cluster objects. */
  cluster: boolean;
}

function withInputs(...inputs: (string | false)[]): string {
  const all = inputs.filter(Boolean);
  return all.length > 0 ? `, with ${all.join(" and ")}` : "";
}

/** Returns the summary line of a check for one platform. */
export function summaryOf(result: CheckResult, profile: Profile, { editedPolicies, cluster }: OtherInputs): string {
  const { objects, accepted, mutated, rejected, errors } = result.summary;
  if (objects === 0 && errors === 0) return summaryOfNone(result.problems);
  const parts = [
    accepted > result.uncovered && `${accepted - result.uncovered} accepted`,
    mutated > 0 && `${mutated} mutated`,
    rejected > 0 && `${rejected} rejected`,
    result.uncovered > 0 && uncovered(result.uncovered),
    errors > 0 && `${errors} could not be checked`,
  ].filter(Boolean);
  const inputs = withInputs(editedPolicies.includes(profile) && "edited policies", cluster && "cluster objects");
  return `${plural(objects, "object")} on ${PLATFORMS[profile]}${inputs}: ${parts.join(", ")}`;
}

function uncovered(count: number): string {
  return `${count} not covered by any policy`;
}

function summaryOfNone(problems: Truncated<ProblemResult>): string {
  return problems.items.some((it) => it.error) ? "Fix the errors below first" : "Nothing to check yet";
}

/** Returns the summary line of a comparison. */
export function summaryOfAll(comparison: Comparison, { editedPolicies, cluster }: OtherInputs): string {
  const { total, errors, differing, differingWarnings } = comparison;
  if (total === 0 && errors === 0) return summaryOfNone(comparison.problems);
  const admitted = total > 0 && `${comparison.admitted} of ${plural(total, "object")} admitted on every platform`;
  const verdict =
    errors === 0 && comparison.admitted === total
      ? `Portable: every platform admits ${total === 1 ? "it" : `all ${total} objects`}`
      : `Not portable: ${[errors > 0 && `${errors} could not be read`, admitted].filter(Boolean).join(", ")}`;
  const differences = [
    differing > 0 && `${plural(differing, "object differs", "objects differ")} between platforms`,
    differingWarnings > 0 && `${plural(differingWarnings, "object has", "objects have")} different warnings`,
  ].filter(Boolean);
  const details = [
    differences.length > 0 ? differences.join(", ") : "same result on all platforms",
    comparison.uncovered > 0 && uncovered(comparison.uncovered),
  ].filter(Boolean);
  const platforms = editedPolicies.map((profile) => PLATFORMS[profile]).join(" and ");
  const inputs = withInputs(
    editedPolicies.length > 0 && `edited policies for ${platforms}`,
    cluster && "cluster objects",
  );
  return `${verdict}${total > 0 ? `; ${details.join(", ")}` : ""}${inputs}`;
}

export function verdicts(result: CheckResult, actions: Actions): Node[] {
  return [
    ...problems(result.problems, actions),
    ...result.objects.items.map((object) => card(object, actions)),
    ...more(result.objects.more, "object", ", less severe; `agnostics check` shows all of them"),
    ...notChecked(result.notChecked),
    ...unmarked(result.marks),
  ];
}

/** Returns a note if some messages have no mark. */
function unmarked(marks: Marks): HTMLElement[] {
  const count = Object.values(marks).reduce((sum, { more }) => sum + more, 0);
  if (count === 0) return [];
  return [h("p", { class: "more" }, `Only the most severe messages are marked in your text; ${count} more are not.`)];
}

function problems(list: Truncated<ProblemResult>, actions: Actions): Node[] {
  const articles = list.items.map((problem) =>
    h(
      "article",
      { class: `problem ${problem.error ? "error" : "warning"}` },
      h(
        "p",
        { class: "where" },
        h("strong", {}, `${problem.error ? "Error" : "Warning"} in ${source(problem)}`),
        problem.line !== null &&
          (problem.inEditor ? lineButton(problem.source, problem.line, actions) : h("span", {}, `line ${problem.line}`)),
      ),
      h("p", {}, ...formatCode(problem.message)),
      problem.help !== null && h("p", { class: "help" }, ...formatCode(problem.help)),
    ),
  );
  return [...articles, ...more(list.more, "problem")];
}

/** Returns the tab with the problem. */
function source({ source, platform }: ProblemResult): string {
  const tab = source.charAt(0).toUpperCase() + source.slice(1);
  return platform === null ? tab : `${tab} for ${PLATFORMS[platform]}`;
}

function card(object: ObjectResult, actions: Actions): HTMLElement {
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

function notes(object: ObjectResult, actions: Actions): HTMLElement[] {
  const notes = object.notes.items.map((note) =>
    h(
      "div",
      { class: `note ${note.level}` },
      h(
        "p",
        {},
        h("span", { class: "module" }, note.module),
        " ",
        ...formatCode(note.text),
        note.line !== object.line && " ",
        note.line !== object.line && lineButton("manifests", note.line, actions),
      ),
      note.block && snippet(note.block, "Text", object, actions),
    ),
  );
  return [...notes, ...more(object.notes.more, "message")];
}

function snippet(text: Excerpt, label: string, { name }: ObjectResult, actions: Actions): HTMLElement {
  const copy = () => actions.copy(text.full, label);
  return h(
    "figure",
    { class: "snippet" },
    h(
      "figcaption",
      {},
      label,
      h("button", { type: "button", class: "copy", "aria-label": `Copy ${label} for ${name}`, click: copy }, "Copy"),
    ),
    h("pre", { tabindex: "0", role: "group", "aria-label": `${label} for ${name}` }, h("code", {}, text.shown)),
    text.truncated && h("p", { class: "more" }, "Only a part is shown; Copy copies all of it."),
  );
}

const SERIALIZED = "Mutation of the reformatted object (your text uses an alias, or is very long)";

function diff(object: ObjectResult): HTMLElement {
  const lines = object.diff.items.map((line) => h("span", { class: `diff-line ${kindOf(line)}` }, formatLine(line)));
  return h(
    "figure",
    { class: "diff" },
    h("figcaption", {}, object.serialized ? SERIALIZED : "Mutation"),
    h("pre", { tabindex: "0", role: "group", "aria-label": `Mutation of ${object.name}` }, h("code", {}, ...lines)),
    ...more(object.diff.more, "line"),
  );
}

function kindOf(line: DiffLine): string {
  return { "+": "added", "-": "removed", "@": "head", " ": "unchanged" }[line.sign];
}

function formatLine(line: DiffLine): string {
  return line.sign === "@" ? `@@ ${line.text} @@\n` : `${line.sign}${line.text}\n`;
}

function routes(result: RoutesResult, object: ObjectResult, actions: Actions): HTMLElement {
  const { kinds, findings, yaml, complete } = result;
  const replacement = object.verdict === "rejected" ? "Use this instead" : "To migrate, use this";
  const lacking = `An ${kinds} cannot express everything in this Ingress${yaml ? "; this one is incomplete" : ""}`;
  return h(
    "section",
    { class: "routes" },
    h("h3", {}, complete ? replacement : lacking),
    ...findings.items.map((finding) =>
      h(
        "p",
        { class: finding.lacks ? "lacks" : "info" },
        ...formatCode(finding.text),
        " ",
        lineButton("manifests", finding.line, actions),
      ),
    ),
    ...more(findings.more, "message"),
    yaml && snippet(yaml, kinds, object, actions),
  );
}

/** Returns a note about omitted items. */
function more(count: number, noun: string, suffix = ""): HTMLElement[] {
  if (count === 0) return [];
  const text = `and ${plural(count, `more ${noun}`)}${suffix}.`;
  return [h("p", { class: "more" }, ...formatCode(text))];
}

function notChecked(list: Truncated<string>): HTMLElement[] {
  if (list.items.length === 0) return [];
  return [
    h(
      "details",
      { class: "not-checked" },
      h("summary", {}, `${plural(list.items.length + list.more, "check")} skipped: no cluster data`),
      h("p", {}, "Paste cluster objects, such as Namespaces, Services and secret stores, into the Cluster tab."),
      h("ul", {}, ...list.items.map((check) => h("li", {}, ...formatCode(check)))),
      ...more(list.more, "check"),
    ),
  ];
}

export function table(comparison: Comparison, actions: Actions): Node[] {
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, "Object"),
    ...PROFILES.map((profile) => h("th", { scope: "col" }, PLATFORMS[profile])),
  );
  const rows = comparison.objects.items.map(({ line, kind, name, cells, same }) =>
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
              h("span", { class: "all" }, "on all platforms"),
              ...changes(cells[0]),
            ),
          ]
        : cells.map((cell) => h("td", {}, badge(cell.verdict), ...changes(cell)))),
    ),
  );
  return [
    ...problems(comparison.problems, actions),
    rows.length > 0 &&
      h(
        "div",
        { class: "wide", tabindex: "0", role: "region", "aria-label": "Verdicts by platform" },
        h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows)),
      ),
    ...more(
      comparison.objects.more,
      "object",
      comparison.omittedAreSame ? " with the same result on all platforms" : "",
    ),
    ...notChecked(comparison.notChecked),
    ...unmarked(comparison.marks),
  ].filter((node) => node instanceof Node);
}

/** Returns the notes and the changed lines of a cell. */
function changes({ notes, changes }: Cell): HTMLElement[] {
  const lines = changes.items.map((line) =>
    h("div", { class: `diff-line ${kindOf(line)}` }, h("span", {}, line.sign), h("span", {}, line.text.trim())),
  );
  return [
    ...notes.items.map(({ level, text }) => h("p", { class: level }, ...formatCode(text))),
    ...more(notes.more, "message"),
    ...(lines.length > 0 ? [h("div", { class: "mini" }, ...lines)] : []),
    ...more(changes.more, "line"),
  ];
}
