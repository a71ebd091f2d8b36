// Runs the modules beside the page, so that typing never waits for them.

import init, { check, evaluate, policies } from "./generated/playground";
import type { Profile } from "./generated/playground";
import { compare, present } from "./present";
import type { Answer, Ask, Told } from "./protocol";
import { PROFILES } from "./state";

/** Every way from here to the network or to storage, which the page's policy does not bind in a worker. */
const WAYS_OUT = [
  "fetch",
  "XMLHttpRequest",
  "WebSocket",
  "WebSocketStream",
  "EventSource",
  "WebTransport",
  "Worker",
  "importScripts",
  "indexedDB",
  "caches",
  "BroadcastChannel",
];

/** Once the modules are there, nothing here has a use for them. */
function closeWaysOut(): void {
  for (const name of WAYS_OUT) {
    // The global object has some of them itself, and some by its prototypes.
    for (let has: object | null = globalThis; has; has = Object.getPrototypeOf(has)) Reflect.deleteProperty(has, name);
  }
}

const ready = init().then(
  () => {
    closeWaysOut();
    tell({ kind: "ready" });
  },
  (error: unknown) => tell({ kind: "unloadable", why: whyNot(error) }),
);

addEventListener("message", (event: MessageEvent<Ask>) => {
  void ready.then(() => reply(event.data));
});

function tell(told: Told): void {
  postMessage(told);
}

function whyNot(error: unknown): string {
  if (typeof WebAssembly === "undefined") return "this browser has no WebAssembly, or it is turned off";
  const isFile = error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError;
  return isFile ? "the browser is too old, or their file is not whole" : "their file cannot be fetched";
}

function reply(ask: Ask): void {
  try {
    tell(answer(ask));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    tell({ id: ask.id, kind: "failed", message, fatal: isFatal(error) });
  }
}

/** Whether the engine gave up, and left the modules' memory as it was in the middle of their work. */
function isFatal(error: unknown): boolean {
  // What the modules throw themselves is an Error and no more; the last name is Firefox's for too deep a call.
  return error instanceof Error && ["RuntimeError", "RangeError", "InternalError"].includes(error.name);
}

function answer(ask: Ask): Answer {
  const { id } = ask;
  switch (ask.kind) {
    case "policies": {
      const texts = Object.fromEntries(PROFILES.map((profile) => [profile, policies(profile)]));
      return { id, kind: "policies", texts: texts as Record<Profile, string> };
    }
    case "check":
      return { id, kind: "check", shown: present(check(ask.input)) };
    case "compare": {
      const of = (profile: Profile) => ({
        profile,
        report: check({ ...ask.input, profile, policies: ask.policies[profile] ?? null }),
      });
      return { id, kind: "compare", compared: compare(PROFILES.map(of), ask.vendor) };
    }
    case "evaluate":
      return { id, kind: "evaluate", response: evaluate(ask.call) };
    case "report":
      return { id, kind: "report", report: check(ask.input) };
  }
}
