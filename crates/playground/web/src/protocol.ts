// The messages between the page and its worker.

import type { DiffLine, Input, Note, Problem, Profile, Report, Routes, Summary, Verdict } from "./generated/playground";

export type CheckerRequest = { id: number } & (
  | { kind: "policies" }
  | { kind: "check"; input: Input }
  | {
      kind: "compare";
      input: Omit<Input, "profile" | "policies">;
      policies: Partial<Record<Profile, string>>;
      /** The platform whose policies are in the editor. */
      platform: Profile;
    }
  // For tests: a call of one policy, and a complete report.
  | { kind: "evaluate"; call: string }
  | { kind: "report"; input: Input }
);

export type CheckerResponse = { id: number } & (
  | { kind: "policies"; texts: Record<Profile, string> }
  | { kind: "check"; result: CheckResult }
  | { kind: "compare"; comparison: Comparison }
  | { kind: "evaluate"; response: string }
  | { kind: "report"; report: Report }
  // After a fatal error the worker must be restarted.
  | { kind: "failed"; message: string; fatal: boolean }
);

/** A message of the worker. The first one reports whether it is ready. */
export type WorkerMessage = { kind: "ready" } | { kind: "unloadable"; reason: string } | CheckerResponse;

/** The levels of marks, by increasing severity. */
export const LEVELS = ["warning", "mutated", "rejected", "error"] as const;
export type Level = (typeof LEVELS)[number];

export interface Mark {
  line: number;
  level: Level;
  text: string;
}

/** The marks of each text. If there are too many, only the most severe ones. */
export type Marks = Record<Problem["source"], Truncated<Mark>>;

/** The shown items of a list, and the number of omitted ones. */
export interface Truncated<T> {
  items: T[];
  more: number;
}

/** A text that may be shown in part, but is always copied in full. */
export interface Excerpt {
  full: string;
  shown: string;
  /** Whether only a part is shown. */
  truncated: boolean;
}

export type NoteResult = Omit<Note, "block"> & { block: Excerpt | null };

export type RoutesResult = Pick<Routes, "complete"> & {
  /** The kinds of the routes, for example `HTTPRoute and GRPCRoute`. */
  kinds: string;
  yaml: Excerpt | null;
  findings: Truncated<Routes["findings"][number]>;
};

export interface ProblemResult extends Problem {
  /** The platform whose policies have the problem, in a comparison. */
  platform: Profile | null;
  /** Whether the text with the problem is in an editor. */
  inEditor: boolean;
}

/** The result of one object. */
export interface ObjectResult {
  /** Its index among all objects. */
  index: number;
  line: number;
  kind: string;
  name: string;
  verdict: Verdict | null;
  notes: Truncated<NoteResult>;
  diff: Truncated<DiffLine>;
  serialized: boolean;
  routes: RoutesResult | null;
}

/** The result of one object on one platform, in a comparison. */
export interface Cell {
  verdict: Verdict | null;
  notes: Truncated<Pick<Note, "level" | "text">>;
  /** The changed lines. */
  changes: Truncated<DiffLine>;
}

/** The result of a check for one platform. */
export interface CheckResult {
  summary: Summary;
  /** The number of objects that no policy matches. As on the command line, `summary` counts them as accepted. */
  uncovered: number;
  problems: Truncated<ProblemResult>;
  objects: Truncated<ObjectResult>;
  notChecked: Truncated<string>;
  marks: Marks;
}

/** The results of a check for all platforms, in the order of `PROFILES`. */
export interface Comparison {
  problems: Truncated<ProblemResult>;
  /** `same` is true if the result is the same on all platforms. */
  objects: Truncated<{ line: number; kind: string; name: string; cells: Cell[]; same: boolean }>;
  /** Whether all platforms admit the omitted objects with the same result. */
  omittedAreSame: boolean;
  notChecked: Truncated<string>;
  total: number;
  /** The number of documents that could not be read. */
  errors: number;
  /** The number of objects that every platform admits. */
  admitted: number;
  /** The number of objects that no policy of any platform matches. */
  uncovered: number;
  /** The number of objects with different results. */
  differing: number;
  /** The number of objects with the same result but different warnings. */
  differingWarnings: number;
  marks: Marks;
}
