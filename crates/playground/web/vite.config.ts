import { defineConfig } from "vite";

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
});
