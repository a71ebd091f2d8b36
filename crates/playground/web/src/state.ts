// The state of the page, and its encoding in a link.

import type { Profile } from "./generated/playground";

export const PROFILES: Profile[] = ["azure", "aws", "k3s"];

export type View = Profile | "all";

export interface State {
  manifests: string;
  cluster: string;
  /** The edited policies, by profile. */
  policies: Partial<Record<Profile, string>>;
  view: View;
}

/** The maximum length of a decompressed link, in characters. A longer one is a decompression bomb. */
const MAX_UNPACKED_LENGTH = 8 * 1024 * 1024;
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

/** Decodes a link. Throws if it is incomplete or damaged. */
export async function unpack(fragment: string): Promise<State> {
  if (!fragment.startsWith(VERSION)) throw new Error("unsupported version");
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
    if (json.length > MAX_UNPACKED_LENGTH) throw new Error("too much text");
  }
  return validate(JSON.parse(json));
}

/** Returns the well-formed parts of a decoded link. Links are untrusted. */
function validate(value: unknown): State {
  const fields = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const text = (field: unknown) => (typeof field === "string" ? field : "");
  const policies: State["policies"] = {};
  const edited = fields.policies as Record<string, unknown> | null | undefined;
  for (const profile of PROFILES) {
    const policy = edited?.[profile];
    if (typeof policy === "string") policies[profile] = policy;
  }
  const view = [...PROFILES, "all" as const].find((name) => name === fields.view) ?? "azure";
  return { manifests: text(fields.manifests), cluster: text(fields.cluster), policies, view };
}
