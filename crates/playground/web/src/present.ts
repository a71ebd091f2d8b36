// Reduces reports to what a person can read and a browser can lay out quickly.

import type { Note, ObjectReport, Problem, Profile, Report, Routes, Row } from "./generated/playground";
import {
  type Cell,
  type CheckResult,
  type Comparison,
  type Excerpt,
  type Level,
  LEVELS,
  type Mark,
  type Marks,
  type NoteResult,
  type ObjectResult,
  type ProblemResult,
  type RoutesResult,
  type Truncated,
} from "./protocol";

const MAX_OBJECTS = 100;
const MAX_MARKS = 1000;
const MAX_NOTES = 20;
const MAX_DIFF_LINES = 120;
/** The maximum of lines shown of a text to copy. Most routes have fewer. */
const MAX_EXCERPT_LINES = 300;
/** The maximum of changed lines, and of notes, in a cell of the table. */
const MAX_ITEMS_IN_CELL = 12;

/** The maximum lengths of texts, in characters. Hostile manifests may cause very long ones. */
const MAX_MARK_LENGTH = 240;
const MAX_LINE_LENGTH = 400;
const MAX_NOTE_LENGTH = 4000;
const MAX_EXCERPT_LENGTH = 30_000;

export function present(report: Report): CheckResult {
  const { objects } = report;
  return {
    summary: report.summary,
    uncovered: objects.filter((it) => it.verdict === null).length,
    problems: problems(report.problems.map((it) => ({ ...it, platform: null, inEditor: true }))),
    objects: {
      items: selectObjects(objects, severityRank).map((index) => object(objects[index]!, index)),
      more: Math.max(0, objects.length - MAX_OBJECTS),
    },
    notChecked: notChecked([report]),
    marks: marks([report]),
  };
}

/** The report for one platform. */
export interface PlatformReport {
  profile: Profile;
  report: Report;
}

/** Compares the reports of all platforms. The policies in the editor are those of `platform`. */
export function compare(all: PlatformReport[], platform: Profile): Comparison {
  const reports = all.map(({ report }) => report);
  const total = Math.min(...reports.map((report) => report.objects.length));
  const result = (object: ObjectReport) =>
    JSON.stringify([object.verdict, object.rows.map((row) => [row.verdict, row.message, row.patch])]);
  const warnings = (object: ObjectReport) =>
    JSON.stringify(object.rows.filter(isNotMutated).map((row) => row.warnings));
  const rows = Array.from({ length: total }, (_, index) => {
    const objects = reports.map((report) => report.objects[index]!);
    const isSame = (key: (object: ObjectReport) => string) => new Set(objects.map(key)).size === 1;
    const sameResult = isSame(result);
    return { objects, sameResult, same: sameResult && isSame(warnings), rejected: objects.some(isRejected) };
  });
  const isUnremarkable = (row: (typeof rows)[number]) => row.same && !row.rejected;
  const selected = selectObjects(rows, (row) => Number(isUnremarkable(row)));
  const shown = new Set(selected);
  return {
    problems: problems(
      all.flatMap(({ profile, report }) =>
        report.problems.map((it) => {
          const inPolicies = it.source === "policies";
          return { ...it, platform: inPolicies ? profile : null, inEditor: !inPolicies || profile === platform };
        }),
      ),
    ),
    objects: {
      items: selected.map((index) => {
        const { objects, same } = rows[index]!;
        return { ...heading(objects[0]!), cells: objects.map(cell), same };
      }),
      more: total - selected.length,
    },
    omittedAreSame: rows.every((row, index) => shown.has(index) || isUnremarkable(row)),
    notChecked: notChecked(reports),
    total,
    errors: Math.max(...reports.map(countUnreadable)),
    admitted: rows.filter((row) => !row.rejected).length,
    uncovered: rows.filter((row) => row.objects.every((it) => it.verdict === null)).length,
    differing: rows.filter((row) => !row.sameResult).length,
    differingWarnings: rows.filter((row) => row.sameResult && !row.same).length,
    marks: marks(
      all.map(({ profile, report }) =>
        profile === platform
          ? report
          : { ...report, problems: report.problems.filter((it) => it.source !== "policies") },
      ),
    ),
  };
}

function isRejected(object: ObjectReport): boolean {
  return object.verdict === "rejected" || object.verdict === "error";
}

/** Returns the number of documents that could not be read. */
function countUnreadable(report: Report): number {
  return report.problems.filter((it) => it.error && it.source === "manifests").length;
}

/** Returns the rank of an object's verdict, the most severe first. */
function severityRank({ verdict }: ObjectReport): number {
  return ["error", "rejected", "mutated", "accepted"].indexOf(verdict ?? "accepted");
}

/** Returns the indices of the objects to show, in their original order. Objects with a lower rank come first. */
function selectObjects<T>(all: T[], rank: (item: T) => number): number[] {
  const ranks = all.map(rank);
  const indices = [...all.keys()].sort((a, b) => ranks[a]! - ranks[b]! || a - b);
  return indices.slice(0, MAX_OBJECTS).sort((a, b) => a - b);
}

/** Removes duplicate problems and sorts errors before warnings. */
function problems(all: ProblemResult[]): Truncated<ProblemResult> {
  const unique = new Map(all.map((problem) => [JSON.stringify(problem), problem]));
  const ordered = [...unique.values()].sort((a, b) => Number(b.error) - Number(a.error));
  return truncateList(ordered, MAX_NOTES, (problem) => ({
    ...problem,
    message: truncate(problem.message, MAX_NOTE_LENGTH),
    help: problem.help === null ? null : truncate(problem.help, MAX_NOTE_LENGTH),
  }));
}

function notChecked(reports: Report[]): Truncated<string> {
  const all = new Set(reports.flatMap((report) => report.notChecked));
  return truncateList([...all].sort(), MAX_OBJECTS, (check) => truncate(check, MAX_LINE_LENGTH));
}

function object(report: ObjectReport, index: number): ObjectResult {
  const { verdict, serialized } = report;
  return {
    index,
    ...heading(report),
    verdict,
    notes: truncateList(report.notes, MAX_NOTES, (it) => note(it, report.routes === null)),
    diff: truncateList(report.diff, MAX_DIFF_LINES, line),
    serialized,
    routes: report.routes && routes(report.routes),
  };
}

function heading({ line, kind, namespace, name }: ObjectReport): { line: number; kind: string; name: string } {
  const fullName = [namespace, name || "(no name)"].filter(Boolean).join("/");
  return { line, kind: truncate(kind, 80), name: truncate(fullName, 160) };
}

/** Reports whether the notes of a row are shown in a cell. For a mutation, the changed lines are shown instead. */
function isNotMutated(row: Row): boolean {
  return row.verdict !== "mutated";
}

function cell({ verdict, notes, rows, diff }: ObjectReport): Cell {
  const modules = new Set(rows.filter(isNotMutated).map((row) => row.module));
  const shown = notes.filter((note) => modules.has(note.module));
  return {
    verdict,
    notes: truncateList(shown, MAX_ITEMS_IN_CELL, ({ level, text }) => ({
      level,
      text: truncate(text, MAX_NOTE_LENGTH),
    })),
    changes: truncateList(
      diff.filter(({ sign }) => sign === "+" || sign === "-"),
      MAX_ITEMS_IN_CELL,
      line,
    ),
  };
}

/** Truncates a note. For an Ingress, the block to copy is omitted, because its routes are shown separately. */
function note(note: Note, withBlock: boolean): NoteResult {
  return {
    ...note,
    text: truncate(note.text, MAX_NOTE_LENGTH),
    block: withBlock && note.block !== "" ? excerpt(note.block) : null,
  };
}

function line<T extends { text: string }>(item: T): T {
  return { ...item, text: truncate(item.text, MAX_LINE_LENGTH) };
}

function routes({ yaml, complete, findings }: Routes): RoutesResult {
  const kinds = new Set([...yaml.matchAll(/^kind: (\w+)$/gm)].map((match) => match[1] ?? ""));
  return {
    kinds: [...kinds].join(" and ") || "HTTPRoute",
    complete,
    yaml: yaml === "" ? null : excerpt(yaml),
    findings: truncateList(findings, MAX_NOTES, (it) => ({ ...it, text: truncate(it.text, MAX_NOTE_LENGTH) })),
  };
}

function excerpt(full: string): Excerpt {
  const lines = full.split("\n", MAX_EXCERPT_LINES).join("\n");
  const firstLines = lines.length + 1 >= full.length ? full : lines;
  const shown = truncate(firstLines, MAX_EXCERPT_LENGTH);
  return { full, shown, truncated: shown !== full };
}

function truncateList<T, U>(all: T[], max: number, show: (item: T) => U): Truncated<U> {
  return { items: all.slice(0, max).map(show), more: Math.max(0, all.length - max) };
}

function truncate(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}

function marks(reports: Report[]): Marks {
  const found = new Map<string, Mark & { source: Problem["source"] }>();
  const add = (source: Problem["source"], line: number, level: Level, message: string) => {
    // The mark is on the line of the field, so it omits the path.
    const text = truncate((message.split("\n", 1)[0] ?? "").replace(/^[a-z][\w.[\]/-]*: /, ""), MAX_MARK_LENGTH);
    found.set(`${source} ${line} ${level} ${text}`, { source, line, level, text });
  };
  for (const report of reports) {
    for (const problem of report.problems) {
      add(problem.source, problem.line ?? 1, problem.error ? "error" : "warning", problem.message);
    }
    for (const object of report.objects) {
      for (const note of object.notes) {
        const mutated = note.level === "warning" && object.verdict === "mutated";
        add("manifests", note.line, mutated ? "mutated" : note.level, note.text);
      }
    }
  }
  const bySeverity = [...found.values()].sort((a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level));
  const marksIn = (source: Problem["source"]) =>
    truncateList(
      bySeverity.filter((it) => it.source === source),
      MAX_MARKS,
      ({ line, level, text }) => ({ line, level, text }),
    );
  return { manifests: marksIn("manifests"), cluster: marksIn("cluster"), policies: marksIn("policies") };
}
