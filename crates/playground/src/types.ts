export type Profile = "azure" | "aws" | "k3s";
export type Verdict = "accepted" | "mutated" | "rejected" | "error";

/** What the page holds. */
export interface Input {
  /** The manifests to judge. */
  manifests: string;
  /** What else the cluster holds: looked at and not judged. */
  cluster: string;
  profile: Profile;
  /** Policies in place of the profile's. */
  policies: string | null;
}

/** What the plane makes of the manifests. */
export interface Report {
  summary: Summary;
  objects: ObjectReport[];
  problems: Problem[];
  /** What modules could not tell without a cluster. */
  notChecked: string[];
}

export interface Summary {
  objects: number;
  accepted: number;
  warned: number;
  mutated: number;
  rejected: number;
  errors: number;
}

export interface ObjectReport {
  /** From 1, as every line. */
  line: number;
  kind: string;
  namespace: string;
  name: string;
  /** The worst that a module says; null where no policy sees the object. */
  verdict: Verdict | null;
  notes: Note[];
  /** What each module says, as `agnostics check --output json` has it. */
  rows: Row[];
  diff: DiffLine[];
  /** Whether the diff is of the object written out. */
  writtenOut: boolean;
  routes: Routes | null;
}

export interface Note {
  level: "error" | "rejected" | "warning";
  module: string;
  line: number;
  text: string;
  /** What is to be copied; empty if nothing is. */
  block: string;
}

export interface Row {
  module: string;
  verdict: Verdict;
  message: string | null;
  warnings: string[];
  /** RFC 6902. */
  patch: object[];
}

export interface DiffLine {
  sign: " " | "-" | "+" | "@";
  text: string;
}

/** What an Ingress becomes. */
export interface Routes {
  yaml: string;
  /** Whether they can be applied as they stand. */
  complete: boolean;
  findings: { line: number; lacks: boolean; text: string }[];
}

export interface Problem {
  source: "manifests" | "cluster" | "policies";
  line: number | null;
  message: string;
  help: string | null;
  error: boolean;
}
