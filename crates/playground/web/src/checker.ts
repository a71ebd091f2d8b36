// The worker as the page sees it: questions in the order in which they are asked, and never a wait for ever.

import type { Answer, Ask, Told } from "./protocol";

/** How long a check may take; a second of it is a very long text. */
const PATIENCE = 20_000;

const TOO_LONG = "This takes too long to check here: use `agnostics check`.";
const FAILED = "The checker crashed on this text and was restarted. Change the text, or use `agnostics check`.";
const GIVEN_UP = "Given up for a later question.";

function unloadable(why: string): string {
  return `The checker cannot be loaded: ${why}`;
}

export type Question = Ask extends infer A ? (A extends { id: number } ? Omit<A, "id"> : never) : never;

interface Asked {
  give: (answer: Answer) => void;
  fail: (error: Error) => void;
  timer: number | undefined;
}

export class Checker {
  #worker!: Worker;
  /** Whether the worker has its modules: until then they are on their way, which takes as long as it takes. */
  #ready = false;
  #waiting = new Map<number, Asked>();
  #last = 0;
  /** Why there is no use in asking. */
  #broken: string | null = null;

  constructor() {
    this.#start();
  }

  ask(question: Question): Promise<Answer> {
    if (this.#broken !== null) return Promise.reject(new Error(this.#broken));
    const id = ++this.#last;
    return new Promise((give, fail) => {
      const asked = { give, fail, timer: undefined };
      this.#waiting.set(id, asked);
      if (this.#ready) this.#hurry(asked);
      this.#worker.postMessage({ id, ...question });
    });
  }

  /** Gives up what was asked, so that what is asked next need not wait for it. */
  giveUp(): void {
    // Modules that are still on their way would only be on their way for longer.
    if (this.#ready) this.#restart(GIVEN_UP);
  }

  #start(): void {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", (event: MessageEvent<Told>) => {
      if (worker === this.#worker) this.#hear(event.data);
    });
    worker.addEventListener("error", () => {
      if (worker !== this.#worker) return;
      if (this.#ready) this.#restart(FAILED);
      else this.#break(unloadable("the browser is too old, or the page is not whole"));
    });
    this.#worker = worker;
    this.#ready = false;
  }

  #hear(told: Told): void {
    switch (told.kind) {
      case "ready":
        this.#ready = true;
        for (const asked of this.#waiting.values()) this.#hurry(asked);
        return;
      case "unloadable":
        this.#break(unloadable(told.why));
        return;
      case "failed":
        if (told.fatal) this.#restart(FAILED);
        else this.#settle(told.id)?.fail(new Error(told.message));
        return;
      default:
        this.#settle(told.id)?.give(told);
    }
  }

  #hurry(asked: Asked): void {
    asked.timer = window.setTimeout(() => this.#restart(TOO_LONG), PATIENCE);
  }

  #settle(id: number): Asked | undefined {
    const asked = this.#waiting.get(id);
    clearTimeout(asked?.timer);
    this.#waiting.delete(id);
    return asked;
  }

  #restart(why: string): void {
    this.#worker.terminate();
    this.#start();
    this.#failAll(why);
  }

  #break(why: string): void {
    this.#broken = why;
    this.#worker.terminate();
    this.#failAll(why);
  }

  #failAll(why: string): void {
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.fail(new Error(why));
  }
}

export const checker = new Checker();
