// What the page holds, and its form in a link.

import type { Profile } from "./generated/playground";

export const PROFILES: Profile[] = ["azure", "aws", "k3s"];

export type View = Profile | "all";

export interface State {
  manifests: string;
  cluster: string;
  /** Policies where they are edited. */
  policies: Partial<Record<Profile, string>>;
  view: View;
}

/** More than a reader would paste; a link that unpacks to more was made to fill memory. */
const MOST_TEXT = 8 * 1024 * 1024;
const VERSION = "1.";

export async function pack(state: State): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const buffer = new Uint8Array(await new Response(packed).arrayBuffer());
  let text = "";
  for (let at = 0; at < buffer.length; at += 0x8000) {
    text += String.fromCharCode(...buffer.subarray(at, at + 0x8000));
  }
  return VERSION + btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Throws where a link is cut or damaged. */
export async function unpack(fragment: string): Promise<State> {
  if (!fragment.startsWith(VERSION)) throw new Error("not of this version");
  const text = atob(fragment.slice(VERSION.length).replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = unpacked.getReader();
  const decoder = new TextDecoder();
  let json = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    json += decoder.decode(value, { stream: true });
    if (json.length > MOST_TEXT) throw new Error("too much text");
  }
  return read(JSON.parse(json));
}

/** A link is a stranger's: nothing is taken over but what has its form. */
function read(value: unknown): State {
  const given = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const text = (of: unknown) => (typeof of === "string" ? of : "");
  const policies: State["policies"] = {};
  const edited = given.policies as Record<string, unknown> | null | undefined;
  for (const profile of PROFILES) {
    const own = edited?.[profile];
    if (typeof own === "string") policies[profile] = own;
  }
  const view = [...PROFILES, "all" as const].find((name) => name === given.view) ?? "azure";
  return { manifests: text(given.manifests), cluster: text(given.cluster), policies, view };
}
