// Runs the policies in a worker, so that they do not block typing.

import init, { check, evaluate, policies } from "./generated/playground";
import type { Profile } from "./generated/playground";
import { compare, present } from "./present";
import type { CheckerRequest, CheckerResponse, WorkerMessage } from "./protocol";
import { PROFILES } from "./state";

/** The APIs for network and storage. The page's Content Security Policy does not apply to workers. */
const NETWORK_AND_STORAGE_APIS = [
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

/** Removes the APIs for network and storage, which the worker does not need after loading the module. */
function removeNetworkAndStorage(): void {
  for (const name of NETWORK_AND_STORAGE_APIS) {
    // Some are properties of the global object, others of its prototypes.
    for (let owner: object | null = globalThis; owner; owner = Object.getPrototypeOf(owner)) {
      Reflect.deleteProperty(owner, name);
    }
  }
}

const ready = init().then(
  () => {
    removeNetworkAndStorage();
    send({ kind: "ready" });
  },
  (error: unknown) => send({ kind: "unloadable", reason: loadError(error) }),
);

addEventListener("message", (event: MessageEvent<CheckerRequest>) => {
  void ready.then(() => handle(event.data));
});

function send(message: WorkerMessage): void {
  postMessage(message);
}

function loadError(error: unknown): string {
  if (typeof WebAssembly === "undefined") return "this browser does not support WebAssembly, or it is disabled";
  const isModule = error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError;
  return isModule ? "the browser is too old, or the module is incomplete" : "the module cannot be downloaded";
}

function handle(request: CheckerRequest): void {
  try {
    send(respond(request));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    send({ id: request.id, kind: "failed", message, fatal: isFatal(error) });
  }
}

/** Reports whether the engine aborted the module, whose memory may be inconsistent now. */
function isFatal(error: unknown): boolean {
  // The module itself throws a plain Error. InternalError is Firefox's error for too much recursion.
  return error instanceof Error && ["RuntimeError", "RangeError", "InternalError"].includes(error.name);
}

function respond(request: CheckerRequest): CheckerResponse {
  const { id } = request;
  switch (request.kind) {
    case "policies": {
      const texts = Object.fromEntries(PROFILES.map((profile) => [profile, policies(profile)]));
      return { id, kind: "policies", texts: texts as Record<Profile, string> };
    }
    case "check":
      return { id, kind: "check", result: present(check(request.input)) };
    case "compare": {
      const reportOf = (profile: Profile) => ({
        profile,
        report: check({ ...request.input, profile, policies: request.policies[profile] ?? null }),
      });
      return { id, kind: "compare", comparison: compare(PROFILES.map(reportOf), request.platform) };
    }
    case "evaluate":
      return { id, kind: "evaluate", response: evaluate(request.call) };
    case "report":
      return { id, kind: "report", report: check(request.input) };
  }
}
