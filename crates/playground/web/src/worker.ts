// Runs the modules beside the page, so that typing never waits for them.

import init, { check, evaluate, policies } from "./generated/playground";
import type { Profile } from "./generated/playground";
import { compare, present } from "./present";
import type { Answer, Ask } from "./protocol";
import { PROFILES } from "./state";

const ready = init();

addEventListener("message", (event: MessageEvent<Ask>) => {
  void reply(event.data);
});

async function reply(ask: Ask): Promise<void> {
  try {
    await ready;
    postMessage(answer(ask));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    postMessage({ id: ask.id, kind: "failed", message } satisfies Answer);
  }
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
      const of = (profile: Profile) => check({ ...ask.input, profile, policies: ask.policies[profile] ?? null });
      return { id, kind: "compare", compared: compare(PROFILES.map(of)) };
    }
    case "evaluate":
      return { id, kind: "evaluate", response: evaluate(ask.call) };
    case "report":
      return { id, kind: "report", report: check(ask.input) };
  }
}
