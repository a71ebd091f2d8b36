// From all there is to say to what a person can look at and a browser lays out in a moment.

import type { ObjectReport, Problem, Report } from "./generated/playground";
import type { Compared, Level, Mark, Shown, ShownObject } from "./protocol";

const MOST_OBJECTS = 100;
const MOST_MARKS = 1000;
const MOST_NOTES = 20;
const MOST_LINES = 120;

/** Longer texts are cut: the line of an editor, and a note of a hostile manifest. */
const LONGEST_MARK = 240;
const LONGEST_NOTE = 4000;

export function present(report: Report): Shown {
  return {
    summary: report.summary,
    problems: report.problems.slice(0, MOST_NOTES),
    objects: worst(report.objects).map((index) => object(report.objects[index]!, index)),
    more: Math.max(0, report.objects.length - MOST_OBJECTS),
    notChecked: report.notChecked,
    marks: marks([report]),
  };
}

export function compare(reports: Report[]): Compared {
  const [first, ...others] = reports;
  const total = Math.min(...reports.map((report) => report.objects.length));
  const ends = (of: ObjectReport) =>
    JSON.stringify([of.verdict, of.rows.map((row) => [row.verdict, row.message, row.patch])]);
  const rows = Array.from({ length: total }, (_, index) => {
    const objects = reports.map((report) => report.objects[index]!);
    return { index, objects, same: new Set(objects.map(ends)).size === 1, refused: objects.some(isRefused) };
  });
  const chosen =
    rows.length <= MOST_OBJECTS ? rows : rows.filter((row) => !row.same || row.refused).slice(0, MOST_OBJECTS);
  const problems = [...(first?.problems ?? [])];
  for (const problem of others.flatMap((report) => report.problems)) {
    if (!problems.some((known) => JSON.stringify(known) === JSON.stringify(problem))) problems.push(problem);
  }
  return {
    problems: problems.slice(0, MOST_NOTES),
    objects: chosen.map(({ index, objects, same }) => {
      const cells = objects.map((of) => object(of, index));
      const { line, kind, name } = cells[0]!;
      return { line, kind, name, cells, same };
    }),
    total,
    admitted: rows.filter((row) => !row.refused).length,
    differing: rows.filter((row) => !row.same).length,
    marks: marks(reports),
  };
}

function isRefused(object: ObjectReport): boolean {
  return object.verdict === "rejected" || object.verdict === "error";
}

/** The objects to show, in their order: all, or those that there is most to say of. */
function worst(objects: ObjectReport[]): number[] {
  const indices = objects.map((_, index) => index);
  if (objects.length <= MOST_OBJECTS) return indices;
  const gravity = (of: ObjectReport) => ["error", "rejected", "mutated", "accepted"].indexOf(of.verdict ?? "accepted");
  const graver = indices.toSorted((a, b) => gravity(objects[a]!) - gravity(objects[b]!) || a - b);
  return graver.slice(0, MOST_OBJECTS).sort((a, b) => a - b);
}

function object(report: ObjectReport, index: number): ShownObject {
  const { line, kind, namespace, name, verdict, writtenOut, routes } = report;
  return {
    index,
    line,
    kind: cut(kind, 80),
    name: cut([namespace, name || "(no name)"].filter(Boolean).join("/"), 160),
    verdict,
    notes: report.notes.slice(0, MOST_NOTES).map((note) => ({ ...note, text: cut(note.text, LONGEST_NOTE) })),
    diff: report.diff.slice(0, MOST_LINES).map((it) => ({ sign: it.sign, text: cut(it.text, 400) })),
    writtenOut,
    routes,
  };
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

function marks(reports: Report[]): Record<Problem["source"], Mark[]> {
  const found: Record<Problem["source"], Mark[]> = { manifests: [], cluster: [], policies: [] };
  const known = new Set<string>();
  const add = (source: Problem["source"], line: number, level: Level, said: string) => {
    // The path of the field, which the line itself shows, is left out.
    const text = cut((said.split("\n", 1)[0] ?? "").replace(/^[a-z][\w.[\]/-]*: /, ""), LONGEST_MARK);
    const key = `${source} ${line} ${text}`;
    if (known.has(key) || found[source].length >= MOST_MARKS) return;
    known.add(key);
    found[source].push({ line, level, text });
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
  return found;
}
