import { readFileSync } from "node:fs";

import { defineConfig } from "vite";

// The policy in the page's text. As a header it binds the worker too.
const page = readFileSync(new URL("index.html", import.meta.url), "utf8");
const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(page)?.[1] ?? "default-src 'none'";

export default defineConfig({
  // Relative addresses: the page works from file hosting under any path.
  base: "./",
  build: {
    outDir: "../../../target/playground",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0,
    // The page loads its one script at once; the polyfill would be a script in the page's text.
    modulePreload: false,
    reportCompressedSize: false,
  },
  worker: { format: "es" },
  // A file that is not there is an error, and not the page.
  appType: "mpa",
  preview: { host: "127.0.0.1", strictPort: true, headers: { "Content-Security-Policy": policy } },
});
