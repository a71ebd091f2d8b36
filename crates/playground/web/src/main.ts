// Imported first because it starts the worker, which loads its module while the page renders.
import { checker, type NewRequest } from "./checker";

import "./style.css";

import { find, formatCode, h } from "./dom";
import { Editor } from "./editor";
import { examples } from "./examples";
import type { Problem, Profile } from "./generated/playground";
import type { CheckerResponse, Marks } from "./protocol";
import { type Actions, PLATFORMS, summaryOf, summaryOfAll, table, verdicts } from "./results";
import { pack, PROFILES, type State, unpack, type View } from "./state";

type Source = Problem["source"];

const SOURCES: Source[] = ["manifests", "cluster", "policies"];

function about(source: Source): string {
  switch (source) {
    case "manifests":
      return "Paste or type your Kubernetes manifests here.";
    case "cluster":
      return "Objects that are already in the cluster, such as Namespaces. Policies look them up but do not check them.";
    case "policies":
      return policies[platform] === undefined
        ? `The policies for ${PLATFORMS[platform]}. You can edit their settings, rules and modes.`
        : `Edited: these differ from the original policies for ${PLATFORMS[platform]}.`;
  }
}

/** The delay from an edit to the check, in milliseconds. */
const EDIT_DELAY = 120;
/** The delay until the page shows that a check is running, in milliseconds. */
const BUSY_DELAY = 150;
/** The time until an outdated check is cancelled, in milliseconds. Starting a new worker takes about as long. */
const CANCEL_DELAY = 500;
/** The limit of messages in Discord, and about the limit of links in old mail programs. */
const MAX_SAFE_LINK_LENGTH = 2_000;
const DAMAGED_LINK = "The link is incomplete or damaged";
const EMPTY = { items: [], more: 0 };
const NO_MARKS: Marks = { manifests: EMPTY, cluster: EMPTY, policies: EMPTY };

const summary = find("summary");
const list = find("list");

let view: View = "azure";
/** The platform whose policies are in the editor, even in a comparison. */
let platform: Profile = "azure";
let selectedSource: Source = "manifests";
let original: Record<Profile, string> = { azure: "", aws: "", k3s: "" };
let policies: State["policies"] = {};
/** Whether the page itself is changing a text, which does not count as an edit. */
let settingText = false;

const editors: Record<Source, Editor> = {
  manifests: new Editor(find("pane-manifests"), "Manifests", onManifestsEdit),
  cluster: new Editor(find("pane-cluster"), "Cluster", onEdit),
  policies: new Editor(find("pane-policies"), "Policies", onPoliciesEdit),
};

// Verdicts.

let checkTimer = 0;
let busyTimer = 0;
let cancelTimer = 0;
/** The version of all inputs. It increases with every change; responses for older versions are outdated. */
let version = 0;
/** The version of the latest request. */
let requestedVersion = 0;
let isChecking = false;
/** The content of the list, which is replaced only if it changes. */
let shownContent = "";

function recheck(delay = 0): void {
  version += 1;
  clearTimeout(checkTimer);
  checkTimer = window.setTimeout(() => void checkInputs(), delay);
}

function onEdit(): void {
  if (!settingText) recheck(EDIT_DELAY);
}

function onManifestsEdit(): void {
  if (settingText) return;
  find<HTMLSelectElement>("example").value = "";
  onEdit();
}

function onPoliciesEdit(): void {
  if (settingText) return;
  const text = editors.policies.text;
  if (text === original[platform]) delete policies[platform];
  else policies[platform] = text;
  updatePoliciesInfo();
  onEdit();
}

/** Checks the inputs, and repeats if they changed in the meantime. */
async function checkInputs(): Promise<void> {
  if (isChecking) {
    // A busy worker handles no messages, so an outdated check is cancelled by a restart.
    if (requestedVersion !== version) cancelTimer ||= window.setTimeout(() => checker.cancel(), CANCEL_DELAY);
    return;
  }
  isChecking = true;
  busyTimer ||= window.setTimeout(showBusy, BUSY_DELAY);
  try {
    while (requestedVersion !== version) await checkOnce();
  } finally {
    isChecking = false;
  }
}

async function checkOnce(): Promise<void> {
  const ownVersion = version;
  requestedVersion = ownVersion;
  const response = await checker.ask(createRequest()).catch((error: Error) => error);
  clearTimeout(cancelTimer);
  cancelTimer = 0;
  // Outdated responses are dropped.
  if (ownVersion === version) show(response);
}

function createRequest(): NewRequest {
  const input = { manifests: editors.manifests.text, cluster: editors.cluster.text };
  return view === "all"
    ? { kind: "compare", input, policies, platform }
    : { kind: "check", input: { ...input, profile: view, policies: policies[view] ?? null } };
}

/** Shows that a check is running and that the verdicts are outdated. */
function showBusy(): void {
  if (document.documentElement.dataset.checked !== undefined) setSummary("Checking …");
  list.setAttribute("aria-busy", "true");
}

function show(response: CheckerResponse | Error): void {
  const inputs = {
    editedPolicies: PROFILES.filter((profile) => policies[profile] !== undefined),
    cluster: editors.cluster.text.trim() !== "",
  };
  if (response instanceof Error) {
    update(response.message, NO_MARKS, "", () => []);
  } else if (response.kind === "compare") {
    const { comparison } = response;
    update(summaryOfAll(comparison, inputs), comparison.marks, JSON.stringify(comparison), () =>
      table(comparison, actions),
    );
  } else if (response.kind === "check" && view !== "all") {
    const { result } = response;
    update(summaryOf(result, view, inputs), result.marks, JSON.stringify(result), () => verdicts(result, actions));
  }
}

/** Updates summary, marks and list. The list is replaced only if `content`, which identifies it, has changed. */
function update(summary: string, marks: Marks, content: string, nodes: () => Node[]): void {
  const { documentElement } = document;
  if (documentElement.dataset.checked === undefined) performance.mark("first verdict");
  clearTimeout(busyTimer);
  busyTimer = 0;
  list.removeAttribute("aria-busy");
  setSummary(summary);
  mark(marks);
  if (content !== shownContent) {
    shownContent = content;
    const open = list.querySelector("details")?.open ?? false;
    list.replaceChildren(...nodes());
    list.querySelector("details")?.toggleAttribute("open", open);
  }
  documentElement.dataset.checked = String(version);
}

function setSummary(text: string): void {
  if (summary.textContent !== text.replaceAll("`", "")) summary.replaceChildren(...formatCode(text));
}

function mark(marks: Marks): void {
  for (const source of SOURCES) {
    const { items } = marks[source];
    editors[source].mark(items);
    const hasError = items.some((it) => it.level === "error");
    find(`tab-${source}`).classList.toggle("has-error", hasError && source !== "manifests");
  }
}

// The page.

const actions: Actions = {
  show(source, line) {
    selectTab(source);
    editors[source].show(line);
  },
  copy(text, label) {
    void copy(text, `${label} copied`);
  },
};

async function copy(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    // Without clipboard permission or TLS, the user copies the text manually.
    const area = find<HTMLTextAreaElement>("manual-copy-text");
    area.value = text;
    find<HTMLDialogElement>("manual-copy").showModal();
    area.select();
  }
}

find("manual-copy").addEventListener("close", () => {
  find<HTMLTextAreaElement>("manual-copy-text").value = "";
});

let toastTimer = 0;

function toast(text: string): void {
  const element = find("toast");
  element.textContent = text;
  clearTimeout(toastTimer);
  toastTimer = window.setTimeout(() => element.replaceChildren(), 4000);
}

function selectTab(selected: Source): void {
  for (const source of SOURCES) {
    const tab = find(`tab-${source}`);
    tab.setAttribute("aria-selected", String(source === selected));
    tab.tabIndex = source === selected ? 0 : -1;
    find(`pane-${source}`).hidden = source !== selected;
  }
  editors[selected].reveal();
  selectedSource = selected;
  updatePoliciesInfo();
}

/** Updates the description of the tab, and the button that restores the policies. */
function updatePoliciesInfo(): void {
  find("about").textContent = about(selectedSource);
  find("reset").hidden = selectedSource !== "policies" || policies[platform] === undefined;
}

for (const [index, source] of SOURCES.entries()) {
  const tab = find(`tab-${source}`);
  tab.addEventListener("click", () => selectTab(source));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = SOURCES[(index + step + SOURCES.length) % SOURCES.length] ?? source;
    selectTab(next);
    find(`tab-${next}`).focus();
  });
}

function setText(editor: Editor, text: string): void {
  settingText = true;
  editor.text = text;
  settingText = false;
}

/** Shows the policies of the platform. `clearHistory` prevents undoing to the policies of another platform. */
function showPolicies(clearHistory: boolean): void {
  const text = policies[platform] ?? original[platform];
  if (clearHistory) editors.policies.reset(text);
  else if (editors.policies.text !== text) setText(editors.policies, text);
  updatePoliciesInfo();
}

function selectView(selected: View): void {
  const previous = platform;
  view = selected;
  if (selected !== "all") platform = selected;
  for (const radio of document.querySelectorAll<HTMLInputElement>("input[name=platform]")) {
    radio.checked = radio.value === selected;
  }
  document.documentElement.dataset.view = selected;
  showPolicies(platform !== previous);
}

document.querySelector(".platforms")?.addEventListener("change", (event) => {
  const { value } = event.target as HTMLInputElement;
  selectView(PROFILES.find((profile) => profile === value) ?? "all");
  recheck();
});

find("reset").addEventListener("click", () => {
  delete policies[platform];
  showPolicies(false);
  find("tab-policies").focus();
  recheck();
});

const menu = find<HTMLSelectElement>("example");
menu.append(
  h("option", { value: "", disabled: "", hidden: "" }, "Your own"),
  ...examples.map(({ name }, index) => h("option", { value: String(index) }, name)),
);
menu.addEventListener("change", () => {
  const example = examples[Number(menu.value)];
  if (!example) return;
  setText(editors.manifests, example.text);
  selectTab("manifests");
  recheck();
});

find("share").addEventListener("click", () => void share());

async function share(): Promise<void> {
  const state: State = { manifests: editors.manifests.text, cluster: editors.cluster.text, policies, view };
  const link = new URL(location.href);
  // The page's own URL does not change, so the text does not enter the browser history.
  link.hash = await pack(state);
  const { length } = link.href;
  const limit = MAX_SAFE_LINK_LENGTH;
  const warning = `. It has ${length} characters; chat and mail services may truncate links of more than ${limit}.`;
  await copy(link.href, `Link copied${length > limit ? warning : ""}`);
}

const theme = find("theme");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

/** Returns the theme that the button switches to. */
function otherTheme(): "light" | "dark" {
  return (document.documentElement.dataset.theme ?? (prefersDark.matches ? "dark" : "light")) === "dark"
    ? "light"
    : "dark";
}

function updateThemeLabel(): void {
  theme.textContent = otherTheme() === "dark" ? "Dark" : "Light";
}

theme.addEventListener("click", () => {
  document.documentElement.dataset.theme = otherTheme();
  updateThemeLabel();
});
prefersDark.addEventListener("change", updateThemeLabel);
updateThemeLabel();

// Start.

/** Removes the fragment from the URL and returns it, unless it is empty or the id of an element. */
function takeFragment(): string | null {
  const fragment = location.hash.slice(1);
  if (fragment === "" || document.getElementById(fragment)) return null;
  // Keeps the text out of the browser history.
  history.replaceState(null, "", location.pathname + location.search);
  return fragment;
}

let lastLink = 0;

/** Opens a link: decodes the fragment and shows its state. */
async function openLink(fragment: string): Promise<void> {
  const link = ++lastLink;
  let state: State;
  try {
    state = await unpack(fragment);
  } catch {
    if (link !== lastLink) return;
    // Drops the pending response and requests no other, so that the message stays until the next edit.
    version += 1;
    requestedVersion = version;
    update(DAMAGED_LINK, NO_MARKS, "", () => []);
    return;
  }
  // The user may have opened another link in the meantime.
  if (link !== lastLink) return;
  applyState(state);
  menu.value = "";
  recheck();
}

function applyState(state: State): void {
  policies = state.policies;
  setText(editors.manifests, state.manifests);
  setText(editors.cluster, state.cluster);
  selectView(state.view);
}

async function start(): Promise<void> {
  setSummary("Loading …");
  const policiesResponse = checker.ask({ kind: "policies" });
  const link = takeFragment();
  menu.value = link === null ? "0" : "";
  const manifests = link === null ? (examples[0]?.text ?? "") : "";
  applyState({ manifests, cluster: "", policies: {}, view: "azure" });
  if (link === null) recheck();
  else await openLink(link);
  selectTab("manifests");
  try {
    const response = await policiesResponse;
    if (response.kind === "policies") original = response.texts;
    showPolicies(true);
  } catch (error) {
    setSummary(error instanceof Error ? error.message : String(error));
  }
}

window.addEventListener("hashchange", () => {
  const link = takeFragment();
  if (link !== null) void openLink(link);
});

// For tests, which compare the results here with those of the command line.
Object.assign(window, { playground: { ask: (request: NewRequest) => checker.ask(request) } });

void start();
