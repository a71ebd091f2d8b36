export type Profile = "azure" | "aws" | "k3s";
export type Verdict = "accepted" | "mutated" | "rejected" | "error";

/** The input of the page. */
export interface Input {
  /** The manifests to check. */
  manifests: string;
  /** Other objects in the cluster. Policies look them up; they are not checked. */
  cluster: string;
  profile: Profile;
  /** Policies that replace those of the profile. */
  policies: string | null;
}

/** The result of a check. */
export interface Report {
  summary: Summary;
  objects: ObjectReport[];
  problems: Problem[];
  /** Checks that were skipped for lack of cluster data. */
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
  /** The first line of the object. All line numbers start at 1. */
  line: number;
  kind: string;
  namespace: string;
  name: string;
  /** The worst verdict; null if no policy matches the object. */
  verdict: Verdict | null;
  notes: Note[];
  /** The result of each policy, as in `agnostics check --output json`. */
  rows: Row[];
  diff: DiffLine[];
  /** Whether the diff is of the serialized object, because the text's own lines cannot show the change. */
  serialized: boolean;
  routes: Routes | null;
}

export interface Note {
  level: "error" | "rejected" | "warning";
  module: string;
  line: number;
  text: string;
  /** The part of the message to copy, or an empty string. */
  block: string;
}

export interface Row {
  module: string;
  verdict: Verdict;
  message: string | null;
  warnings: string[];
  findings: Finding[];
  /** A JSON Patch (RFC 6902). */
  patch: object[];
}

/** What a rule reports. */
export interface Finding {
  rule: string;
  severity: "warning" | "error";
  message: string;
  path: string;
}

export interface DiffLine {
  sign: " " | "-" | "+" | "@";
  text: string;
}

/** The routes converted from an Ingress. */
export interface Routes {
  yaml: string;
  /** Whether the routes can be applied as they are. */
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
