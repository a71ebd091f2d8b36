import { readFileSync } from "node:fs";

import { defineConfig } from "vite";

// The Content Security Policy from the page. As a header it also applies to the worker.
const page = readFileSync(new URL("index.html", import.meta.url), "utf8");
const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(page)?.[1] ?? "default-src 'none'";

export default defineConfig({
  // Relative URLs, so that the page works below any path of a file host.
  base: "./",
  build: {
    outDir: "../../../target/playground",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0,
    // The page has a single script. The polyfill would be an inline script, which the policy forbids.
    modulePreload: false,
    reportCompressedSize: false,
  },
  worker: { format: "es" },
  // Missing files return 404 instead of the page.
  appType: "mpa",
  preview: { host: "127.0.0.1", strictPort: true, headers: { "Content-Security-Policy": policy } },
});
