// Serves the built page on loopback, below a path as on a file host, and opens it in a browser.

import { createReadStream, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { basename, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

export const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
export const SITE = join(ROOT, "target/playground");

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** Serves only the page, below `path`. `requested` collects the URLs of all requests. */
export async function serve(path, headers = {}) {
  const requested = [];
  const server = createServer((request, response) => {
    requested.push(request.url);
    const { pathname } = new URL(request.url, "http://localhost");
    const inside = pathname.startsWith(path) ? normalize(pathname.slice(path.length) || "index.html") : "..";
    const file = join(SITE, inside);
    if (inside.startsWith("..") || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { ...headers, "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address();
  return {
    origin: `http://127.0.0.1:${port}`,
    address: `http://127.0.0.1:${port}${path}`,
    requested,
    close: () => server.close(),
  };
}

export async function browse() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
}

/**
 * Opens the page and waits for its first check. Records errors and requests. The worker runs the script `prelude`
 * first.
 */
export async function open(browser, address, { prelude, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  if (prelude) {
    await context.route("**/worker-*.js", (route) => {
      const { pathname } = new URL(route.request().url());
      const script = readFileSync(join(SITE, "assets", basename(pathname)), "utf8");
      return route.fulfill({ contentType: "text/javascript", body: prelude + script });
    });
  }
  const page = await context.newPage();
  const errors = [];
  const requests = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) errors.push(message.text());
  });
  context.on("request", (request) => requests.push(request.url()));
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => {
      window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
    });
  });
  await page.goto(address);
  await firstCheck(page);
  return { page, errors, requests, close: () => context.close() };
}

/** Waits for the first check. */
async function firstCheck(page) {
  await page.waitForFunction(() => document.documentElement.dataset.checked !== undefined);
}

/** Pastes a text into an editor and waits for its verdicts. */
export async function paste(page, text, name = "Manifests") {
  const before = await page.evaluate(() => document.documentElement.dataset.checked ?? "");
  await pasteOnly(page, text, name);
  await page.waitForFunction((before) => (document.documentElement.dataset.checked ?? "") !== before, before);
}

/** Pastes a text into an editor without waiting. */
export async function pasteOnly(page, text, name = "Manifests") {
  const editor = page.getByRole("textbox", { name });
  await editor.click();
  await page.keyboard.press("ControlOrMeta+A");
  await page.evaluate((text) => navigator.clipboard.writeText(text), text);
  // Excludes earlier work of the page, and writing to the clipboard, from the measurement.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
  await page.evaluate(() => void performance.mark("pasted"));
  await page.keyboard.press("ControlOrMeta+V");
}
