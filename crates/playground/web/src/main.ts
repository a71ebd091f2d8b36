// First, since it starts the worker: the modules load while the page is put together.
import { checker, type Question } from "./checker";

import "./style.css";

import { find, h, said } from "./dom";
import { Editor } from "./editor";
import { examples } from "./examples";
import type { Problem, Profile } from "./generated/playground";
import type { Answer, Marks } from "./protocol";
import { type Actions, summaryOf, summaryOfAll, table, VENDORS, verdicts } from "./results";
import { pack, PROFILES, type State, unpack, type View } from "./state";

type Source = Problem["source"];

const SOURCES: Source[] = ["manifests", "cluster", "policies"];

function about(source: Source): string {
  switch (source) {
    case "manifests":
      return "Paste or type your Kubernetes manifests here.";
    case "cluster":
      return "What is in the cluster already: Namespaces, Services, secret stores. It is looked at, not checked.";
    case "policies":
      return policies[vendor] === undefined
        ? `As clusters on ${VENDORS[vendor]} have them. Settings, rules and modes can be changed here.`
        : `Changed: these are not the policies that clusters on ${VENDORS[vendor]} have.`;
  }
}

/** Long enough for a word to be typed, short enough to seem at once. */
const PAUSE = 120;
/** Verdicts that take longer are waited for, and that is said. */
const SOON = 150;
/** How long a check that nobody needs any more may hold up the next: a new worker takes about as long. */
const PATIENCE = 500;
/** The longest message of Discord, and about the longest address of old mail programs, which cut longer links. */
const LONG_LINK = 2_000;
const DAMAGED = "The link is cut or damaged";
const NOTHING = { items: [], more: 0 };
const NO_MARKS: Marks = { manifests: NOTHING, cluster: NOTHING, policies: NOTHING };

const summary = find("summary");
const list = find("list");

let view: View = "azure";
/** The vendor whose policies are shown, also while all three are compared. */
let vendor: Profile = "azure";
let chosenSource: Source = "manifests";
let original: Record<Profile, string> = { azure: "", aws: "", k3s: "" };
let policies: State["policies"] = {};
/** Whether a text is being put in place, which is no edit. */
let placing = false;

const editors: Record<Source, Editor> = {
  manifests: new Editor(find("pane-manifests"), "Manifests", manifestsEdited),
  cluster: new Editor(find("pane-cluster"), "Cluster", edited),
  policies: new Editor(find("pane-policies"), "Policies", policiesEdited),
};

// Verdicts.

let timer = 0;
let waiting = 0;
let impatience = 0;
/** Counts what the verdicts depend on: with every change there is another, and answers to those before are stale. */
let round = 0;
/** The round that the latest question is about. */
let asked = 0;
let asking = false;
/** What the list shows, to leave it as it is where nothing comes new. */
let shown = "";

function rejudge(pause = 0): void {
  round += 1;
  clearTimeout(timer);
  timer = window.setTimeout(() => void judge(), pause);
}

function edited(): void {
  if (!placing) rejudge(PAUSE);
}

function manifestsEdited(): void {
  if (placing) return;
  find<HTMLSelectElement>("example").value = "";
  edited();
}

function policiesEdited(): void {
  if (placing) return;
  const text = editors.policies.text;
  if (text === original[vendor]) delete policies[vendor];
  else policies[vendor] = text;
  tellOfPolicies();
  edited();
}

/** Judges what is there now, and again as long as it has changed meanwhile. */
async function judge(): Promise<void> {
  if (asking) {
    // The worker hears of nothing until it has ended: one that takes longer than a new worker is given up.
    if (asked !== round) impatience ||= window.setTimeout(() => checker.giveUp(), PATIENCE);
    return;
  }
  asking = true;
  waiting ||= window.setTimeout(wait, SOON);
  try {
    while (asked !== round) await judgeOnce();
  } finally {
    asking = false;
  }
}

async function judgeOnce(): Promise<void> {
  const mine = round;
  asked = mine;
  const answer = await checker.ask(question()).catch((error: Error) => error);
  clearTimeout(impatience);
  impatience = 0;
  // What is said of a text that is gone is of no use.
  if (mine === round) show(answer);
}

function question(): Question {
  const input = { manifests: editors.manifests.text, cluster: editors.cluster.text };
  return view === "all"
    ? { kind: "compare", input, policies, vendor }
    : { kind: "check", input: { ...input, profile: view, policies: policies[view] ?? null } };
}

/** Says that the verdicts are not those of the text. */
function wait(): void {
  if (document.documentElement.dataset.judged !== undefined) say("Checking …");
  list.setAttribute("aria-busy", "true");
}

function show(answer: Answer | Error): void {
  const by = {
    changed: PROFILES.filter((profile) => policies[profile] !== undefined),
    cluster: editors.cluster.text.trim() !== "",
  };
  if (answer instanceof Error) {
    settle(answer.message, NO_MARKS, "", () => []);
  } else if (answer.kind === "compare") {
    const { compared } = answer;
    settle(summaryOfAll(compared, by), compared.marks, JSON.stringify(compared), () => table(compared, actions));
  } else if (answer.kind === "check" && view !== "all") {
    const { shown } = answer;
    settle(summaryOf(shown, view, by), shown.marks, JSON.stringify(shown), () => verdicts(shown, actions));
  }
}

/** Puts the verdicts in place; the list, `text` of which is all that it says, only where it is another. */
function settle(summary: string, marks: Marks, text: string, nodes: () => Node[]): void {
  const { documentElement } = document;
  if (documentElement.dataset.judged === undefined) performance.mark("first verdict");
  clearTimeout(waiting);
  waiting = 0;
  list.removeAttribute("aria-busy");
  say(summary);
  mark(marks);
  if (text !== shown) {
    shown = text;
    const open = list.querySelector("details")?.open ?? false;
    list.replaceChildren(...nodes());
    list.querySelector("details")?.toggleAttribute("open", open);
  }
  documentElement.dataset.judged = String(round);
}

function say(text: string): void {
  if (summary.textContent !== text.replaceAll("`", "")) summary.replaceChildren(...said(text));
}

function mark(marks: Marks): void {
  for (const source of SOURCES) {
    const { items } = marks[source];
    editors[source].mark(items);
    const wrong = items.some((it) => it.level === "error");
    find(`tab-${source}`).classList.toggle("wrong", wrong && source !== "manifests");
  }
}

// The page.

const actions: Actions = {
  show(source, line) {
    choose(source);
    editors[source].show(line);
  },
  copy(text, what) {
    void copy(text, `${what} copied`);
  },
};

async function copy(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    // Without leave for the clipboard, or without TLS, the text is there to be copied by hand.
    const area = find<HTMLTextAreaElement>("by-hand-text");
    area.value = text;
    find<HTMLDialogElement>("by-hand").showModal();
    area.select();
  }
}

find("by-hand").addEventListener("close", () => {
  find<HTMLTextAreaElement>("by-hand-text").value = "";
});

let toasts = 0;

function toast(text: string): void {
  const element = find("toast");
  element.textContent = text;
  clearTimeout(toasts);
  toasts = window.setTimeout(() => element.replaceChildren(), 4000);
}

function choose(chosen: Source): void {
  for (const source of SOURCES) {
    const tab = find(`tab-${source}`);
    tab.setAttribute("aria-selected", String(source === chosen));
    tab.tabIndex = source === chosen ? 0 : -1;
    find(`pane-${source}`).hidden = source !== chosen;
  }
  editors[chosen].reveal();
  chosenSource = chosen;
  tellOfPolicies();
}

/** Says what the text is, and of policies whether they are the original ones. */
function tellOfPolicies(): void {
  find("about").textContent = about(chosenSource);
  find("reset").hidden = chosenSource !== "policies" || policies[vendor] === undefined;
}

for (const [index, source] of SOURCES.entries()) {
  const tab = find(`tab-${source}`);
  tab.addEventListener("click", () => choose(source));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = SOURCES[(index + step + SOURCES.length) % SOURCES.length] ?? source;
    choose(next);
    find(`tab-${next}`).focus();
  });
}

function place(editor: Editor, text: string): void {
  placing = true;
  editor.text = text;
  placing = false;
}

/** Shows the vendor's policies, `anew` where those before are of another: undoing is not to bring them back. */
function placePolicies(anew: boolean): void {
  const text = policies[vendor] ?? original[vendor];
  if (anew) editors.policies.begin(text);
  else if (editors.policies.text !== text) place(editors.policies, text);
  tellOfPolicies();
}

function see(chosen: View): void {
  const before = vendor;
  view = chosen;
  if (chosen !== "all") vendor = chosen;
  for (const radio of document.querySelectorAll<HTMLInputElement>("input[name=vendor]")) {
    radio.checked = radio.value === chosen;
  }
  document.documentElement.dataset.view = chosen;
  placePolicies(vendor !== before);
}

document.querySelector(".vendors")?.addEventListener("change", (event) => {
  const chosen = (event.target as HTMLInputElement).value;
  see(PROFILES.find((profile) => profile === chosen) ?? "all");
  rejudge();
});

find("reset").addEventListener("click", () => {
  delete policies[vendor];
  placePolicies(false);
  find("tab-policies").focus();
  rejudge();
});

const menu = find<HTMLSelectElement>("example");
menu.append(
  h("option", { value: "", disabled: "", hidden: "" }, "Your own"),
  ...examples.map(({ name }, index) => h("option", { value: String(index) }, name)),
);
menu.addEventListener("change", () => {
  const example = examples[Number(menu.value)];
  if (!example) return;
  place(editors.manifests, example.text);
  choose("manifests");
  rejudge();
});

find("share").addEventListener("click", () => void share());

async function share(): Promise<void> {
  const state: State = { manifests: editors.manifests.text, cluster: editors.cluster.text, policies, view };
  const link = new URL(location.href);
  // The page's own address stays as it is, or the browser's history would hold the text.
  link.hash = await pack(state);
  const { length } = link.href;
  const warning = `. It has ${length} characters: chat and mail services may cut those of more than ${LONG_LINK}.`;
  await copy(link.href, `Link copied${length > LONG_LINK ? warning : ""}`);
}

const theme = find("theme");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

/** The theme that the page does not wear: the button says what it does. */
function other(): "light" | "dark" {
  return (document.documentElement.dataset.theme ?? (prefersDark.matches ? "dark" : "light")) === "dark"
    ? "light"
    : "dark";
}

function label(): void {
  theme.textContent = other() === "dark" ? "Dark" : "Light";
}

theme.addEventListener("click", () => {
  document.documentElement.dataset.theme = other();
  label();
});
prefersDark.addEventListener("change", label);
label();

// Beginning.

/** What the address brings: a text, or a link that brings none, since it is cut. */
function brought(): string | null {
  const fragment = location.hash.slice(1);
  if (fragment === "" || document.getElementById(fragment)) return null;
  // The address goes into the browser's history, where the text has no business.
  history.replaceState(null, "", location.pathname + location.search);
  return fragment;
}

let links = 0;

/** Takes over what a link brings. */
async function follow(fragment: string): Promise<void> {
  const link = ++links;
  let state: State;
  try {
    state = await unpack(fragment);
  } catch {
    if (link !== links) return;
    // It is said until the next edit: no answer on its way is to be shown, and no other is asked for.
    round += 1;
    asked = round;
    settle(DAMAGED, NO_MARKS, "", () => []);
    return;
  }
  // Another may have come meanwhile.
  if (link !== links) return;
  take(state);
  menu.value = "";
  rejudge();
}

function take(state: State): void {
  policies = state.policies;
  place(editors.manifests, state.manifests);
  place(editors.cluster, state.cluster);
  see(state.view);
}

async function begin(): Promise<void> {
  say("Loading …");
  const asked = checker.ask({ kind: "policies" });
  const link = brought();
  menu.value = link === null ? "0" : "";
  const manifests = link === null ? (examples[0]?.text ?? "") : "";
  take({ manifests, cluster: "", policies: {}, view: "azure" });
  if (link === null) rejudge();
  else await follow(link);
  choose("manifests");
  try {
    const answer = await asked;
    if (answer.kind === "policies") original = answer.texts;
    placePolicies(true);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
}

window.addEventListener("hashchange", () => {
  const link = brought();
  if (link !== null) void follow(link);
});

// For tests, which hold the modules here to those on the command line.
Object.assign(window, { playground: { ask: (question: Question) => checker.ask(question) } });

void begin();
