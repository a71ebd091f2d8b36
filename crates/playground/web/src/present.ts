// From all there is to say to what a person can look at and a browser lays out in a moment.

import type { Note, ObjectReport, Problem, Profile, Report, Routes, Row } from "./generated/playground";
import {
  type Cell,
  type Compared,
  type Excerpt,
  type Level,
  LEVELS,
  type Mark,
  type Marks,
  type Part,
  type Shown,
  type ShownNote,
  type ShownObject,
  type ShownProblem,
  type ShownRoutes,
} from "./protocol";

const MOST_OBJECTS = 100;
const MOST_MARKS = 1000;
const MOST_NOTES = 20;
const MOST_LINES = 120;
/** Lines of a text to copy, which is more than most routes have. */
const MOST_COPIED = 300;
/** Lines that change, and what is said, in a cell of the table. */
const MOST_IN_CELL = 12;

/** Longer texts are cut: the line of an editor, a line of a diff, and a note of a hostile manifest. */
const LONGEST_MARK = 240;
const LONGEST_LINE = 400;
const LONGEST_NOTE = 4000;
const LONGEST_EXCERPT = 30_000;

export function present(report: Report): Shown {
  const { objects } = report;
  return {
    summary: report.summary,
    uncovered: objects.filter((it) => it.verdict === null).length,
    problems: problems(report.problems.map((it) => ({ ...it, vendor: null, here: true }))),
    objects: {
      items: first(objects, gravity).map((index) => object(objects[index]!, index)),
      more: Math.max(0, objects.length - MOST_OBJECTS),
    },
    notChecked: notChecked([report]),
    marks: marks([report]),
  };
}

/** One vendor's report. */
export interface Of {
  profile: Profile;
  report: Report;
}

/** The vendors' reports side by side; the policies in the editor are those of `vendor`. */
export function compare(all: Of[], vendor: Profile): Compared {
  const reports = all.map(({ report }) => report);
  const total = Math.min(...reports.map((report) => report.objects.length));
  const ends = (of: ObjectReport) =>
    JSON.stringify([of.verdict, of.rows.map((row) => [row.verdict, row.message, row.patch])]);
  const warnings = (of: ObjectReport) => JSON.stringify(of.rows.filter(isUnchanged).map((row) => row.warnings));
  const rows = Array.from({ length: total }, (_, index) => {
    const objects = reports.map((report) => report.objects[index]!);
    const alike = (what: (of: ObjectReport) => string) => new Set(objects.map(what)).size === 1;
    const endAlike = alike(ends);
    return { objects, endAlike, same: endAlike && alike(warnings), refused: objects.some(isRefused) };
  });
  const isPlain = (row: (typeof rows)[number]) => row.same && !row.refused;
  const chosen = first(rows, (row) => Number(isPlain(row)));
  const shown = new Set(chosen);
  return {
    problems: problems(
      all.flatMap(({ profile, report }) =>
        report.problems.map((it) => {
          const own = it.source === "policies";
          return { ...it, vendor: own ? profile : null, here: !own || profile === vendor };
        }),
      ),
    ),
    objects: {
      items: chosen.map((index) => {
        const { objects, same } = rows[index]!;
        return { ...heading(objects[0]!), cells: objects.map(cell), same };
      }),
      more: total - chosen.length,
    },
    restAlike: rows.every((row, index) => shown.has(index) || isPlain(row)),
    notChecked: notChecked(reports),
    total,
    errors: Math.max(...reports.map(unreadable)),
    admitted: rows.filter((row) => !row.refused).length,
    uncovered: rows.filter((row) => row.objects.every((it) => it.verdict === null)).length,
    differing: rows.filter((row) => !row.endAlike).length,
    warnedApart: rows.filter((row) => row.endAlike && !row.same).length,
    marks: marks(
      all.map(({ profile, report }) =>
        profile === vendor
          ? report
          : { ...report, problems: report.problems.filter((it) => it.source !== "policies") },
      ),
    ),
  };
}

function isRefused(object: ObjectReport): boolean {
  return object.verdict === "rejected" || object.verdict === "error";
}

/** How many parts of the manifests could not be read. */
function unreadable(report: Report): number {
  return report.problems.filter((it) => it.error && it.source === "manifests").length;
}

function gravity({ verdict }: ObjectReport): number {
  return ["error", "rejected", "mutated", "accepted"].indexOf(verdict ?? "accepted");
}

/** Which of all to show, in their order: as many as there is room for, those of a lower `rank` before others. */
function first<T>(all: T[], rank: (of: T) => number): number[] {
  const ranks = all.map(rank);
  const indices = [...all.keys()].sort((a, b) => ranks[a]! - ranks[b]! || a - b);
  return indices.slice(0, MOST_OBJECTS).sort((a, b) => a - b);
}

/** What is wrong with the texts, each thing once and what is graver first. */
function problems(all: ShownProblem[]): Part<ShownProblem> {
  const once = new Map(all.map((problem) => [JSON.stringify(problem), problem]));
  const ordered = [...once.values()].sort((a, b) => Number(b.error) - Number(a.error));
  return part(ordered, MOST_NOTES, (problem) => ({
    ...problem,
    message: cut(problem.message, LONGEST_NOTE),
    help: problem.help === null ? null : cut(problem.help, LONGEST_NOTE),
  }));
}

function notChecked(reports: Report[]): Part<string> {
  const all = new Set(reports.flatMap((report) => report.notChecked));
  return part([...all].sort(), MOST_OBJECTS, (what) => cut(what, LONGEST_LINE));
}

function object(report: ObjectReport, index: number): ShownObject {
  const { verdict, writtenOut } = report;
  return {
    index,
    ...heading(report),
    verdict,
    notes: part(report.notes, MOST_NOTES, (it) => note(it, report.routes === null)),
    diff: part(report.diff, MOST_LINES, line),
    writtenOut,
    routes: report.routes && routes(report.routes),
  };
}

function heading({ line, kind, namespace, name }: ObjectReport): { line: number; kind: string; name: string } {
  return { line, kind: cut(kind, 80), name: cut([namespace, name || "(no name)"].filter(Boolean).join("/"), 160) };
}

/** Of what is changed the change itself tells, beside which there is no room for the module's words. */
function isUnchanged(row: Row): boolean {
  return row.verdict !== "mutated";
}

function cell({ verdict, notes, rows, diff }: ObjectReport): Cell {
  const telling = new Set(rows.filter(isUnchanged).map((row) => row.module));
  const told = notes.filter((note) => telling.has(note.module));
  return {
    verdict,
    notes: part(told, MOST_IN_CELL, ({ level, text }) => ({ level, text: cut(text, LONGEST_NOTE) })),
    changes: part(
      diff.filter(({ sign }) => sign === "+" || sign === "-"),
      MOST_IN_CELL,
      line,
    ),
  };
}

/** What a message ends in is to be copied; an Ingress's routes have a place of their own. */
function note(of: Note, withBlock: boolean): ShownNote {
  return {
    ...of,
    text: cut(of.text, LONGEST_NOTE),
    block: withBlock && of.block !== "" ? excerpt(of.block) : null,
  };
}

function line<T extends { text: string }>(of: T): T {
  return { ...of, text: cut(of.text, LONGEST_LINE) };
}

function routes({ yaml, complete, findings }: Routes): ShownRoutes {
  const kinds = new Set([...yaml.matchAll(/^kind: (\w+)$/gm)].map((match) => match[1] ?? ""));
  return {
    what: [...kinds].join(" and ") || "HTTPRoute",
    complete,
    yaml: yaml === "" ? null : excerpt(yaml),
    findings: part(findings, MOST_NOTES, (it) => ({ ...it, text: cut(it.text, LONGEST_NOTE) })),
  };
}

function excerpt(whole: string): Excerpt {
  const lines = whole.split("\n", MOST_COPIED).join("\n");
  const shown = lines.length + 1 >= whole.length ? whole : lines;
  const short = cut(shown, LONGEST_EXCERPT);
  return { whole, shown: short, cut: short !== whole };
}

function part<T, U>(all: T[], most: number, show: (item: T) => U): Part<U> {
  return { items: all.slice(0, most).map(show), more: Math.max(0, all.length - most) };
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

function marks(reports: Report[]): Marks {
  const found = new Map<string, Mark & { source: Problem["source"] }>();
  const add = (source: Problem["source"], line: number, level: Level, said: string) => {
    // The path of the field, which the line itself shows, is left out.
    const text = cut((said.split("\n", 1)[0] ?? "").replace(/^[a-z][\w.[\]/-]*: /, ""), LONGEST_MARK);
    found.set(`${source} ${line} ${level} ${text}`, { source, line, level, text });
  };
  for (const report of reports) {
    for (const problem of report.problems) {
      add(problem.source, problem.line ?? 1, problem.error ? "error" : "warning", problem.message);
    }
    for (const object of report.objects) {
      for (const note of object.notes) {
        const changed = note.level === "warning" && object.verdict === "mutated";
        add("manifests", note.line, changed ? "mutated" : note.level, note.text);
      }
    }
  }
  const gravest = [...found.values()].sort((a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level));
  const of = (source: Problem["source"]) =>
    part(
      gravest.filter((it) => it.source === source),
      MOST_MARKS,
      ({ line, level, text }) => ({ line, level, text }),
    );
  return { manifests: of("manifests"), cluster: of("cluster"), policies: of("policies") };
}
