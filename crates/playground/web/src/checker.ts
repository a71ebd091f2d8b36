// The worker as the page sees it: one question at a time, the newest first, and never a wait for ever.

import type { Answer, Ask } from "./protocol";

/** How long a check may take; a second of it is a very long text. */
const PATIENCE = 20_000;

const BROKEN = "The modules cannot be loaded: the browser is too old, or the page is not whole";

type Question = Ask extends infer A ? (A extends { id: number } ? Omit<A, "id"> : never) : never;

export class Checker {
  #worker = spawn();
  #waiting = new Map<number, { give: (answer: Answer) => void; fail: (error: Error) => void }>();
  #last = 0;
  /** Whether this worker has answered; one that never does would be started for ever. */
  #answered = false;
  #broken = false;

  constructor() {
    this.#listen();
  }

  ask(question: Question): Promise<Answer> {
    if (this.#broken) return Promise.reject(new Error(BROKEN));
    const id = ++this.#last;
    return new Promise((give, fail) => {
      const timer = setTimeout(
        () => this.#restart("this takes too long to check here; use `agnostics check`"),
        PATIENCE,
      );
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          this.#waiting.delete(id);
          then(value);
        };
      this.#waiting.set(id, { give: settle(give), fail: settle(fail) });
      this.#worker.postMessage({ id, ...question });
    });
  }

  #listen(): void {
    this.#worker.addEventListener("message", (event: MessageEvent<Answer>) => {
      this.#answered = true;
      const asked = this.#waiting.get(event.data.id);
      if (event.data.kind === "failed") {
        // A module that trapped leaves its memory as it was in the middle of its work.
        asked?.fail(new Error(event.data.message));
        if (event.data.message.includes("unreachable")) this.#restart("the modules had to be started again");
      } else {
        asked?.give(event.data);
      }
    });
    this.#worker.addEventListener("error", () => this.#restart(BROKEN));
  }

  #restart(why: string): void {
    this.#worker.terminate();
    this.#broken = !this.#answered;
    if (!this.#broken) {
      this.#answered = false;
      this.#worker = spawn();
      this.#listen();
    }
    for (const { fail } of [...this.#waiting.values()]) fail(new Error(why));
  }
}

function spawn(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
}

export const checker = new Checker();
