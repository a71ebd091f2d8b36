// What the page and its worker say to each other.

import type { DiffLine, Input, Note, Problem, Profile, Report, Routes, Summary, Verdict } from "./generated/playground";

export type Ask = { id: number } & (
  | { kind: "policies" }
  | { kind: "check"; input: Input }
  | { kind: "compare"; input: Omit<Input, "profile" | "policies">; policies: Partial<Record<Profile, string>> }
  // The two for tests: one call of one module, and a report with nothing left out.
  | { kind: "evaluate"; call: string }
  | { kind: "report"; input: Input }
);

export type Answer = { id: number } & (
  | { kind: "policies"; texts: Record<Profile, string> }
  | { kind: "check"; shown: Shown }
  | { kind: "compare"; compared: Compared }
  | { kind: "evaluate"; response: string }
  | { kind: "report"; report: Report }
  | { kind: "failed"; message: string }
);

/** How a line is marked, the worse the later. */
export type Level = "warning" | "mutated" | "rejected" | "error";

export interface Mark {
  line: number;
  level: Level;
  text: string;
}

/** An object as it is shown. */
export interface ShownObject {
  /** Its index among all objects. */
  index: number;
  line: number;
  kind: string;
  name: string;
  verdict: Verdict | null;
  notes: Note[];
  diff: DiffLine[];
  writtenOut: boolean;
  routes: Routes | null;
}

/** What one vendor's plane says. */
export interface Shown {
  summary: Summary;
  problems: Problem[];
  objects: ShownObject[];
  /** How many objects are not in the list, for want of room. */
  more: number;
  notChecked: string[];
  marks: Record<Problem["source"], Mark[]>;
}

/** What the three vendors' planes say, in the order of `PROFILES`. */
export interface Compared {
  problems: Problem[];
  objects: { line: number; kind: string; name: string; cells: ShownObject[]; same: boolean }[];
  total: number;
  /** How many objects every vendor admits. */
  admitted: number;
  /** How many objects end otherwise on one vendor than on another. */
  differing: number;
  marks: Record<Problem["source"], Mark[]>;
}
