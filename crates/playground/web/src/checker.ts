// Sends requests to the worker, with timeouts and restarts.

import type { CheckerRequest, CheckerResponse, WorkerMessage } from "./protocol";

/** The timeout of a request, in milliseconds. Only very long texts take as much as a second. */
const RESPONSE_TIMEOUT = 20_000;

const TIMED_OUT = "This text takes too long to check in the browser; use `agnostics check`.";
const CRASHED = "The checker crashed on this text and was restarted. Change the text, or use `agnostics check`.";
const CANCELLED = "Cancelled by a newer check.";

function unloadable(reason: string): string {
  return `The checker cannot be loaded: ${reason}`;
}

export type NewRequest = CheckerRequest extends infer R ? (R extends { id: number } ? Omit<R, "id"> : never) : never;

interface PendingRequest {
  resolve: (response: CheckerResponse) => void;
  reject: (error: Error) => void;
  timer: number | undefined;
}

export class Checker {
  #worker!: Worker;
  /** Whether the worker has loaded its module. Timeouts start only then. */
  #ready = false;
  #pending = new Map<number, PendingRequest>();
  #lastId = 0;
  /** Why the worker cannot be loaded, if it cannot. */
  #loadError: string | null = null;

  constructor() {
    this.#start();
  }

  ask(request: NewRequest): Promise<CheckerResponse> {
    if (this.#loadError !== null) return Promise.reject(new Error(this.#loadError));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const pending = { resolve, reject, timer: undefined };
      this.#pending.set(id, pending);
      if (this.#ready) this.#startTimer(pending);
      this.#worker.postMessage({ id, ...request });
    });
  }

  /** Cancels all pending requests, so that the next one does not wait for them. */
  cancel(): void {
    // A restart while the module is loading would only delay it.
    if (this.#ready) this.#restart(CANCELLED);
  }

  #start(): void {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", (event: MessageEvent<WorkerMessage>) => {
      if (worker === this.#worker) this.#handle(event.data);
    });
    worker.addEventListener("error", () => {
      if (worker !== this.#worker) return;
      if (this.#ready) this.#restart(CRASHED);
      else this.#fail(unloadable("the browser is too old, or files of the page are missing"));
    });
    this.#worker = worker;
    this.#ready = false;
  }

  #handle(message: WorkerMessage): void {
    switch (message.kind) {
      case "ready":
        this.#ready = true;
        for (const pending of this.#pending.values()) this.#startTimer(pending);
        return;
      case "unloadable":
        this.#fail(unloadable(message.reason));
        return;
      case "failed":
        if (message.fatal) this.#restart(CRASHED);
        else this.#take(message.id)?.reject(new Error(message.message));
        return;
      default:
        this.#take(message.id)?.resolve(message);
    }
  }

  #startTimer(pending: PendingRequest): void {
    pending.timer = window.setTimeout(() => this.#restart(TIMED_OUT), RESPONSE_TIMEOUT);
  }

  #take(id: number): PendingRequest | undefined {
    const pending = this.#pending.get(id);
    clearTimeout(pending?.timer);
    this.#pending.delete(id);
    return pending;
  }

  #restart(reason: string): void {
    this.#worker.terminate();
    this.#start();
    this.#rejectAll(reason);
  }

  #fail(reason: string): void {
    this.#loadError = reason;
    this.#worker.terminate();
    this.#rejectAll(reason);
  }

  #rejectAll(reason: string): void {
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(new Error(reason));
  }
}

export const checker = new Checker();
