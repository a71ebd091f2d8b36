// What the page and its worker say to each other.

import type { DiffLine, Input, Note, Problem, Profile, Report, Routes, Summary, Verdict } from "./generated/playground";

export type Ask = { id: number } & (
  | { kind: "policies" }
  | { kind: "check"; input: Input }
  | {
      kind: "compare";
      input: Omit<Input, "profile" | "policies">;
      policies: Partial<Record<Profile, string>>;
      /** Whose policies are in the editor. */
      vendor: Profile;
    }
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
  // After a fatal failure the worker is not to be asked again.
  | { kind: "failed"; message: string; fatal: boolean }
);

/** All that the worker says: first whether it can be asked. */
export type Told = { kind: "ready" } | { kind: "unloadable"; why: string } | Answer;

/** How a line is marked, the worse the later. */
export const LEVELS = ["warning", "mutated", "rejected", "error"] as const;
export type Level = (typeof LEVELS)[number];

export interface Mark {
  line: number;
  level: Level;
  text: string;
}

/** The marks of each text, the gravest of them where there are many. */
export type Marks = Record<Problem["source"], Part<Mark>>;

/** As much of a list as there is room for, and how many are left out. */
export interface Part<T> {
  items: T[];
  more: number;
}

/** A text that is shown in part and copied whole. */
export interface Excerpt {
  whole: string;
  shown: string;
  /** Whether there is more than what is shown. */
  cut: boolean;
}

export type ShownNote = Omit<Note, "block"> & { block: Excerpt | null };

export type ShownRoutes = Pick<Routes, "complete"> & {
  /** The kinds of the routes, in words. */
  what: string;
  yaml: Excerpt | null;
  findings: Part<Routes["findings"][number]>;
};

export interface ShownProblem extends Problem {
  /** Whose policies it is in, where three vendors' are looked at. */
  vendor: Profile | null;
  /** Whether the text that it is in is in an editor. */
  here: boolean;
}

/** An object as it is shown. */
export interface ShownObject {
  /** Its index among all objects. */
  index: number;
  line: number;
  kind: string;
  name: string;
  verdict: Verdict | null;
  notes: Part<ShownNote>;
  diff: Part<DiffLine>;
  writtenOut: boolean;
  routes: ShownRoutes | null;
}

/** What one vendor makes of an object, among the others. */
export interface Cell {
  verdict: Verdict | null;
  notes: Part<Pick<Note, "level" | "text">>;
  /** The lines that change. */
  changes: Part<DiffLine>;
}

/** What one vendor's plane says. */
export interface Shown {
  summary: Summary;
  /** How many objects no policy sees; the summary counts them as accepted, as the command line does. */
  uncovered: number;
  problems: Part<ShownProblem>;
  objects: Part<ShownObject>;
  notChecked: Part<string>;
  marks: Marks;
}

/** What the three vendors' planes say, in the order of `PROFILES`. */
export interface Compared {
  problems: Part<ShownProblem>;
  /** `same` where there is one thing to say for all three. */
  objects: Part<{ line: number; kind: string; name: string; cells: Cell[]; same: boolean }>;
  /** Whether every vendor admits the objects that are left out, and ends them alike. */
  restAlike: boolean;
  notChecked: Part<string>;
  total: number;
  /** How many parts of the manifests could not be read. */
  errors: number;
  /** How many objects every vendor admits. */
  admitted: number;
  /** How many objects no vendor's policies see. */
  uncovered: number;
  /** How many objects end otherwise on one vendor than on another. */
  differing: number;
  /** How many end alike, with other warnings on one vendor than on another. */
  warnedApart: number;
  marks: Marks;
}
