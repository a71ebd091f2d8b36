// The built page, served from loopback under a path as file hosting has it, and a browser that looks at it.

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

/** Serves the page below `path` and nothing beside it; `asked` holds every address that was asked for. */
export async function serve(path, headers = {}) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
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
    asked,
    close: () => server.close(),
  };
}

export async function browse() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
}

/** A page that has judged its first text, and what it did that it must not; its worker runs `prelude` first. */
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
  const faults = [];
  const requests = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(message.text());
  });
  context.on("request", (request) => requests.push(request.url()));
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => {
      window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
    });
  });
  await page.goto(address);
  await judged(page);
  return { page, faults, requests, close: () => context.close() };
}

/** Waits until the page has judged what is in it. */
export async function judged(page) {
  await page.waitForFunction(() => document.documentElement.dataset.judged !== undefined);
}

/** Puts a text into an editor as a person pastes it, and waits for the verdicts on it. */
export async function paste(page, text, name = "Manifests") {
  const before = await page.evaluate(() => document.documentElement.dataset.judged ?? "");
  await put(page, text, name);
  await page.waitForFunction((before) => (document.documentElement.dataset.judged ?? "") !== before, before);
}

/** The same without waiting. */
export async function put(page, text, name = "Manifests") {
  const editor = page.getByRole("textbox", { name });
  await editor.click();
  await page.keyboard.press("ControlOrMeta+A");
  await page.evaluate((text) => navigator.clipboard.writeText(text), text);
  // What the page did so far, and handing it the text, is not its pasting.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
  await page.evaluate(() => void performance.mark("pasted"));
  await page.keyboard.press("ControlOrMeta+V");
}
