// The example apps of the repository, unchanged.

const files = import.meta.glob<string>("../../../../examples/*.yaml", {
  query: "?raw",
  import: "default",
  eager: true,
});

const texts = new Map(Object.entries(files).map(([path, text]) => [path.replace(/^.*\/|\.yaml$/g, ""), text] as const));

export interface Example {
  name: string;
  text: string;
}

function join(names: string[]): string {
  return names.map((name) => texts.get(name) ?? "").join("---\n");
}

const all = [...texts.keys()].sort();

export const examples: Example[] = [
  { name: "A short tour", text: join(["database", "portal"]) },
  ...all.map((name) => ({ name: title(name), text: texts.get(name) ?? "" })),
  { name: "All examples", text: join(all) },
];

function title(name: string): string {
  const words = name.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
