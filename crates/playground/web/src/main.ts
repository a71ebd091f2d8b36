// First, since it starts the worker: the modules load while the page is put together.
import { type Checker, checker } from "./checker";

import "./style.css";

import { find, h } from "./dom";
import { Editor } from "./editor";
import { examples } from "./examples";
import type { Problem, Profile } from "./generated/playground";
import type { Mark } from "./protocol";
import { type Actions, summaryOf, summaryOfAll, table, VENDORS, verdicts } from "./results";
import { pack, PROFILES, type State, unpack, type View } from "./state";

type Source = Problem["source"];

const SOURCES: Source[] = ["manifests", "cluster", "policies"];

function about(source: Source): string {
  switch (source) {
    case "manifests":
      return "";
    case "cluster":
      return "What else the cluster holds: stores, Services, namespaces. It is looked at, not judged.";
    case "policies":
      return `As clusters on ${VENDORS[vendor]} have them. Settings, rules and modes can be changed here.`;
  }
}

/** Long enough for a word to be typed, short enough to seem at once. */
const PAUSE = 120;
/** Above this many characters a link is cut by chat programs and mail. */
const LONG_LINK = 30_000;

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
let round = 0;
let running = false;

function edited(): void {
  if (placing) return;
  clearTimeout(timer);
  timer = window.setTimeout(() => void judge(), PAUSE);
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
  find("reset").hidden = policies[vendor] === undefined;
  edited();
}

/** Judges what is there now. While a check runs, the next one waits for it, and takes what is there then. */
async function judge(): Promise<void> {
  round += 1;
  if (running) return;
  running = true;
  let judged = 0;
  while (judged !== round) {
    judged = round;
    try {
      await judgeOnce();
      if (judged === 1) performance.mark("first verdict");
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
      mark({ manifests: [], cluster: [], policies: [] });
      list.replaceChildren();
    }
  }
  running = false;
  document.documentElement.dataset.judged = String(judged);
}

async function judgeOnce(): Promise<void> {
  const input = { manifests: editors.manifests.text, cluster: editors.cluster.text };
  const changed = PROFILES.filter((profile) => policies[profile] !== undefined);
  if (view === "all") {
    const answer = await checker.ask({ kind: "compare", input, policies, vendor });
    if (answer.kind !== "compare") return;
    say(summaryOfAll(answer.compared, changed));
    mark(answer.compared.marks);
    list.replaceChildren(...table(answer.compared, actions));
  } else {
    const profile = view;
    const answer = await checker.ask({
      kind: "check",
      input: { ...input, profile, policies: policies[profile] ?? null },
    });
    if (answer.kind !== "check") return;
    say(summaryOf(answer.shown, profile, changed));
    mark(answer.shown.marks);
    list.replaceChildren(...verdicts(answer.shown, actions));
  }
}

function say(text: string): void {
  if (summary.textContent !== text) summary.textContent = text;
}

function mark(marks: Record<Source, Mark[]>): void {
  for (const source of SOURCES) {
    editors[source].mark(marks[source]);
    const wrong = marks[source].some((it) => it.level === "error");
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
  element.classList.add("there");
  clearTimeout(toasts);
  toasts = window.setTimeout(() => {
    element.classList.remove("there");
    element.textContent = "";
  }, 4000);
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
  find("about").textContent = about(chosen);
  find("reset").hidden = chosen !== "policies" || policies[vendor] === undefined;
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
  find("reset").hidden = find("pane-policies").hidden || policies[vendor] === undefined;
}

function see(chosen: View): void {
  const before = vendor;
  view = chosen;
  if (chosen !== "all") vendor = chosen;
  for (const radio of document.querySelectorAll<HTMLInputElement>("input[name=vendor]")) {
    radio.checked = radio.value === chosen;
  }
  document.documentElement.dataset.view = chosen;
  find("about").textContent = about(chosenSource);
  placePolicies(vendor !== before);
}

document.querySelector(".vendors")?.addEventListener("change", (event) => {
  const chosen = (event.target as HTMLInputElement).value;
  see(PROFILES.find((profile) => profile === chosen) ?? "all");
  void judge();
});

find("reset").addEventListener("click", () => {
  delete policies[vendor];
  placePolicies(false);
  find("tab-policies").focus();
  void judge();
});

const menu = find<HTMLSelectElement>("example");
menu.append(
  h("option", { value: "", disabled: "", hidden: "" }, "Your own"),
  ...examples.map(({ name }, index) => h("option", { value: String(index) }, name)),
);
menu.value = "0";
menu.addEventListener("change", () => {
  const example = examples[Number(menu.value)];
  if (!example) return;
  place(editors.manifests, example.text);
  choose("manifests");
  void judge();
});

find("share").addEventListener("click", () => void share());

async function share(): Promise<void> {
  const state: State = { manifests: editors.manifests.text, cluster: editors.cluster.text, policies, view };
  const link = new URL(location.href);
  // The page's own address stays as it is, or the browser's history would hold the text.
  link.hash = await pack(state);
  const long = link.href.length > LONG_LINK;
  await copy(link.href, long ? "Link copied; it is long, and chat programs may cut it" : "Link copied");
}

const dark = find("theme");

function wear(isDark: boolean): void {
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  dark.setAttribute("aria-pressed", String(isDark));
}

dark.addEventListener("click", () => wear(document.documentElement.dataset.theme !== "dark"));
wear(matchMedia("(prefers-color-scheme: dark)").matches);

// Beginning.

/** Takes over what the address brings; whether it brought anything. */
async function follow(): Promise<boolean> {
  const fragment = location.hash.slice(1);
  if (fragment === "" || document.getElementById(fragment)) return false;
  try {
    const state = await unpack(fragment);
    // Another link may have come meanwhile.
    if (location.hash.slice(1) !== fragment) return false;
    // The address goes into the browser's history, where the text has no business.
    history.replaceState(null, "", location.pathname + location.search);
    take(state);
    menu.value = "";
    return true;
  } catch (error) {
    toast(`The link cannot be read: ${error instanceof Error ? error.message : "it is damaged"}`);
    return false;
  }
}

function take(state: State): void {
  policies = state.policies;
  place(editors.manifests, state.manifests);
  place(editors.cluster, state.cluster);
  see(state.view);
}

async function begin(): Promise<void> {
  const asked = checker.ask({ kind: "policies" });
  take({ manifests: examples[0]?.text ?? "", cluster: "", policies: {}, view: "azure" });
  await follow();
  void judge();
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
  void follow().then((followed) => {
    if (followed) void judge();
  });
});

// For tests, which hold the modules here to those on the command line.
Object.assign(window, { playground: { ask: (question: Parameters<Checker["ask"]>[0]) => checker.ask(question) } });

void begin();
