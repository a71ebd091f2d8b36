// Tests of the page in a real browser.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { brotliCompressSync, deflateRawSync, gzipSync } from "node:zlib";

import { preview } from "vite";

import { browse, open, paste, pasteOnly, ROOT, serve, SITE } from "./site.mjs";

const CLAIM = `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: app}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: gp3
`;
const BALANCER = `apiVersion: v1
kind: Service
metadata:
  name: desktop
  namespace: app
spec:
  type: LoadBalancer
  ports:
    - port: 443
`;
/** An object of two megabytes, with more messages than the page shows. */
const INGRESS = () => `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: many
  namespace: app
  annotations:
${Array.from({ length: 60 }, (_, i) => `    nginx.ingress.kubernetes.io/unknown-${i}: "yes"\n`).join("")}spec:
  rules:
${Array.from(
  { length: 4000 },
  (_, i) => `    - host: h${i}.k8tre.internal
      http: {paths: [{path: /${"x".repeat(400)}, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
`,
).join("")}`;
/**
 * A script for the worker: with certain texts the engine aborts the module, never returns, or returns when the test
 * allows it.
 */
const TRAPS = `
const HeldRequest = XMLHttpRequest;
const encodeInto = TextEncoder.prototype.encodeInto;
TextEncoder.prototype.encodeInto = function (text, bytes) {
  if (text.startsWith("☃trap")) throw new WebAssembly.RuntimeError("index out of bounds");
  while (text.startsWith("☃endless"));
  if (text.startsWith("☃held")) {
    const held = new HeldRequest();
    held.open("GET", "held", false);
    held.send();
  }
  return encodeInto.call(this, text, bytes);
};
`;
const EXAMPLE = (name) => readFileSync(join(ROOT, "examples", `${name}.yaml`), "utf8");
const PROFILES = ["azure", "aws", "k3s"];

let site;
let browser;

before(async () => {
  site = await serve("/");
  browser = await browse();
});

after(async () => {
  await browser?.close();
  site?.close();
});

/** Opens the page and runs `work`. Asserts that there are no errors, policy violations or foreign requests. */
async function on(url, work, options) {
  const opened = await open(browser, url, options);
  try {
    await work(opened.page, opened);
    assert.deepEqual(opened.errors, [], "errors in the console");
    assert.deepEqual(await opened.page.evaluate(() => window.violations), [], "violations of the Content Security Policy");
    const foreign = opened.requests.filter(
      (request) => !request.startsWith(url.split("#")[0]) && !request.startsWith("blob:"),
    );
    assert.deepEqual(foreign, [], "requests outside of the page");
  } finally {
    await opened.close();
  }
}

const summary = (page) => page.locator("#summary").textContent();

/** Runs `work`, which changes the verdicts, and waits for them. */
async function rechecked(page, work) {
  const before = await page.evaluate(() => document.documentElement.dataset.checked);
  await work();
  await page.waitForFunction((before) => document.documentElement.dataset.checked !== before, before);
}

test("a pasted claim is checked, with a message at its line and a diff", async () => {
  await on(site.address, async (page) => {
    await paste(page, CLAIM);
    assert.equal(await summary(page), "1 object on Azure: 1 mutated");
    const line = page.locator(".cm-line.marked");
    assert.match(await line.textContent(), /storageClassName: gp3.*`gp3` is not a K8TRE class/);
    assert.equal(await page.locator(".diff-line.removed").textContent(), "-  storageClassName: gp3\n");
    assert.equal(await page.locator(".diff-line.added").textContent(), "+  storageClassName: rwo-default\n");
    await page.getByRole("button", { name: "line 6" }).click();
    const active = page.locator("#pane-manifests .cm-activeLine");
    assert.match(await active.textContent(), /^ {2}storageClassName/);
  });
});

test("platforms have different verdicts, and a table compares them", async () => {
  await on(site.address, async (page) => {
    await paste(page, BALANCER);
    const added = () => page.locator(".diff-line.added").allTextContents();
    assert.match((await added()).join(""), /azure-load-balancer-internal/);
    await rechecked(page, () => page.getByLabel("AWS").check());
    assert.match(await summary(page), /on AWS/);
    assert.doesNotMatch((await added()).join(""), /azure/);
    await rechecked(page, () => page.getByLabel("Portable?").check());
    assert.equal(
      await summary(page),
      "Portable: every platform admits it; 1 object differs between platforms",
    );
    const cells = page.getByRole("row", { name: /desktop/ }).getByRole("cell");
    assert.equal(await cells.count(), 3);
    assert.match(await cells.first().textContent(), /azure/);
  });
});

test("unreadable documents are not portable, and skipped checks are shown", async () => {
  await on(site.address, async (page) => {
    await rechecked(page, () => page.getByLabel("Portable?").check());
    await paste(page, `${CLAIM}---\na: [\n`);
    assert.equal(
      await summary(page),
      "Not portable: 1 could not be read, 1 of 1 object admitted on every platform; same result on all platforms",
    );
    await paste(page, "a: [\n");
    assert.equal(await summary(page), "Not portable: 1 could not be read");
    await paste(page, EXAMPLE("guacamole"));
    await page.getByText(/^\d+ checks skipped: no cluster data$/).waitFor();
  });
});

const claims = (count) => Array.from({ length: count }, (_, i) => CLAIM.replace("name: data", `name: data-${i}`));

test("a long comparison shows a hundred objects, with differing ones first, and counts the rest", async () => {
  await on(site.address, async (page) => {
    await rechecked(page, () => page.getByLabel("Portable?").check());
    await paste(page, [...claims(150), BALANCER].join("---\n"));
    assert.equal(
      await summary(page),
      "Portable: every platform admits all 151 objects; 1 object differs between platforms",
    );
    assert.equal(await page.getByRole("row").count(), 101, "a header and a hundred objects");
    assert.equal(await page.getByRole("row", { name: /app\/desktop/ }).count(), 1);
    assert.match(await page.getByRole("row", { name: /data-7\b/ }).textContent(), /-\s*storageClassName: gp3/);
    const rest = "and 51 more objects with the same result on all platforms.";
    assert.equal(await page.locator("#list > .more").textContent(), rest);
    // The omitted object differs, so the text does not claim otherwise.
    await paste(page, Array.from({ length: 101 }, (_, i) => BALANCER.replace("desktop", `desktop-${i}`)).join("---\n"));
    assert.equal(await page.locator("#list > .more").textContent(), "and 1 more object.");
  });
});

test("platforms with different warnings show them in their cells", async () => {
  await on(site.address, async (page) => {
    await paste(page, CLAIM);
    await page.getByRole("tab", { name: "Policies" }).click();
    const settings = {
      azure: ["clusterDefaultClass: rwx-default", "allowedClasses: [gp3]"],
      aws: ["mode: protect", "mode: monitor"],
      k3s: ["clusterDefaultClass: rwx-default", "allowedClasses: [gp3]"],
    };
    for (const [profile, [from, to]] of Object.entries(settings)) {
      const text = readFileSync(join(ROOT, `bootstrap/policies/${profile}/base/policies.yaml`), "utf8");
      if (profile !== "azure") await rechecked(page, () => page.locator(`input[value=${profile}]`).check());
      await paste(page, text.replaceAll(from, to), "Policies");
    }
    await rechecked(page, () => page.getByLabel("Portable?").check());
    assert.equal(
      await summary(page),
      "Portable: every platform admits it; 1 object has different warnings, " +
        "with edited policies for Azure and AWS and K3s",
    );
    const cells = page.getByRole("row", { name: /app\/data/ }).getByRole("cell");
    assert.deepEqual(
      (await cells.allTextContents()).map((text) => text.replace(/^Accepted.*`?gp3.*/, "Accepted, warned")),
      ["Accepted", "Accepted, warned", "Accepted"],
    );
  });
});

test("objects not covered by any policy do not count as accepted", async () => {
  await on(site.address, async (page) => {
    const claim = CLAIM.replace("gp3", "rwo-default");
    await paste(page, `${claim}---\n${claim.replace("VolumeClaim", "VolumClaim")}`);
    assert.equal(await summary(page), "2 objects on Azure: 1 accepted, 1 not covered by any policy");
    assert.match(await page.locator(".card").nth(1).textContent(), /^Not covered by any policy/);
    await rechecked(page, () => page.getByLabel("Portable?").check());
    assert.equal(
      await summary(page),
      "Portable: every platform admits all 2 objects; same result on all platforms, 1 not covered by any policy",
    );
  });
});

test("an Ingress has its HTTPRoute, which can be copied", async () => {
  await on(site.address, async (page) => {
    await paste(page, EXAMPLE("portal"));
    // Screen readers do not announce a live region that was hidden while empty.
    assert.equal(await page.getByRole("status").count(), 2, "the summary and the toast");
    await page.getByRole("button", { name: "Copy HTTPRoute" }).click();
    await page.getByText("HTTPRoute copied").waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /^apiVersion: gateway.networking.k8s.io\/v1\nkind: HTTPRoute\n/);
    await paste(page, copied);
    assert.equal(await summary(page), "1 object on Azure: 1 accepted");
  });
});

test("a copied link restores everything, and the server never sees it", async () => {
  let link = "";
  await on(site.address, async (page) => {
    await paste(page, `${CLAIM}# ø ☃ 😀\n`);
    await page.getByRole("tab", { name: "Cluster" }).click();
    await paste(page, "apiVersion: v1\nkind: Namespace\nmetadata: {name: app}\n", "Cluster");
    await rechecked(page, () => page.getByLabel("K3s").check());
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByText("Link copied").waitFor();
    link = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(link, /#1\.[\w-]+$/);
    assert.equal(page.url(), site.address, "the text is not in the browser's history");
    const stored = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
    assert.deepEqual(stored, [0, 0, ""]);
  });
  const before = site.requested.length;
  await on(link, async (page) => {
    assert.equal(await summary(page), "1 object on K3s, with cluster objects: 1 mutated");
    assert.match(await page.getByRole("textbox", { name: "Manifests" }).textContent(), /# ø ☃ 😀/);
    assert.equal(page.url(), site.address, "the text is removed from the URL");
    await page.getByRole("tab", { name: "Cluster" }).click();
    assert.match(await page.getByRole("textbox", { name: "Cluster" }).textContent(), /name: app/);
  });
  // A link opened in an open page.
  await on(site.address, async (page) => {
    await rechecked(page, () => page.evaluate((link) => location.assign(link), link));
    assert.equal(await summary(page), "1 object on K3s, with cluster objects: 1 mutated");
    assert.equal(page.url(), site.address);
    assert.equal(await page.getByLabel("Example").inputValue(), "", "the text is not an example");
  });
  const secret = link.split("#")[1];
  assert.ok(site.requested.slice(before).every((url) => !url.includes(secret)));
});

test("without clipboard access, the text can be copied manually", async () => {
  await on(site.address, async (page) => {
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error("no"));
    });
    await page.getByRole("button", { name: "Copy link" }).click();
    const area = page.getByRole("textbox", { name: "Text to copy" });
    await area.waitFor();
    assert.match(await area.inputValue(), /#1\./);
    await page.keyboard.press("Escape");
    await area.waitFor({ state: "hidden" });
    // The text is cleared after the dialog closes.
    await page.waitForFunction(() => document.querySelector("#manual-copy-text").value === "");
  });
});

test("a module that cannot be loaded is reported with the reason", async () => {
  const reasons = [
    ["**/worker-*.js", (route) => route.abort(), "the browser is too old, or files of the page are missing"],
    ["**/*.wasm", (route) => route.abort(), "the module cannot be downloaded"],
    [
      "**/*.wasm",
      (route) => route.fulfill({ contentType: "application/wasm", body: "half" }),
      "the browser is too old, or the module is incomplete",
    ],
  ];
  for (const [file, answer, reason] of reasons) {
    const context = await browser.newContext();
    try {
      await context.route(file, answer);
      const page = await context.newPage();
      await page.goto(site.address);
      await page.getByText(`The checker cannot be loaded: ${reason}`, { exact: true }).waitFor();
    } finally {
      await context.close();
    }
  }
});

test("a page with missing files explains the endless loading", async () => {
  const context = await browser.newContext();
  try {
    await context.route("**/index-*.js", (route) => route.abort());
    const page = await context.newPage();
    await page.goto(site.address);
    const expected = "Loading … If this message stays, your browser is too old, or a part of the page is missing.";
    assert.equal(await summary(page), expected);
  } finally {
    await context.close();
  }
});

test("the worker has no access to the network or to storage", async () => {
  await on(site.address, async (page) => {
    const [worker] = page.workers();
    const before = site.requested.length;
    const available = await worker.evaluate(async () => {
      const apis = {
        fetch: () => fetch("way-out"),
        XMLHttpRequest: () => new XMLHttpRequest(),
        WebSocket: () => new WebSocket("ws://127.0.0.1/"),
        EventSource: () => new EventSource("way-out"),
        WebTransport: () => new WebTransport("https://127.0.0.1/"),
        importScripts: () => importScripts("way-out"),
        Worker: () => new Worker("way-out"),
        indexedDB: () => indexedDB.open("way-out"),
        caches: () => caches.open("way-out"),
        BroadcastChannel: () => new BroadcastChannel("way-out"),
        "prototype's fetch": () => WorkerGlobalScope.prototype.fetch.call(self, "way-out"),
      };
      const available = [];
      for (const [name, use] of Object.entries(apis)) {
        try {
          await use();
          available.push(name);
        } catch (error) {
          // An available API would fail with another error.
          if (!["ReferenceError", "TypeError"].includes(error.name)) available.push(`${name}: ${error}`);
        }
      }
      return available;
    });
    assert.deepEqual(available, []);
    assert.deepEqual(site.requested.slice(before), []);
  });
});

test("the selection is visible on marked lines, and the editor shows its focus", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await on(
      site.address,
      async (page) => {
        await paste(page, CLAIM);
        const line = page.locator(".cm-line.marked");
        const box = await line.boundingBox();
        const pixels = async () => (await page.screenshot({ clip: { ...box, width: 40 } })).toString("base64");
        const [plain, other] = [await pixels(), page.getByLabel("Azure")];
        await page.keyboard.press("ControlOrMeta+A");
        await page.locator(".cm-selectionBackground").first().waitFor();
        assert.notEqual(await pixels(), plain, `the selected line, ${colorScheme}`);
        const edge = await page.locator("#pane-manifests").boundingBox();
        const corner = async () =>
          (await page.screenshot({ clip: { ...edge, width: 4, height: 40 } })).toString("base64");
        const focused = await corner();
        await other.focus();
        assert.notEqual(await corner(), focused, `the editor's edge, ${colorScheme}`);
      },
      { colorScheme },
    );
  }
});

test("the message of a long line is visible", async () => {
  await on(site.address, async (page) => {
    await paste(page, CLAIM.replace("gp3", `gp3 # ${"a long line ".repeat(30)}`));
    const [message, pane] = [page.locator(".line-message"), page.locator("#pane-manifests")];
    const [inner, outer] = [await message.boundingBox(), await pane.boundingBox()];
    assert.ok(inner.x >= outer.x && inner.x + inner.width <= outer.x + outer.width, JSON.stringify({ inner, outer }));
    assert.ok(await message.evaluate((it) => it.scrollWidth <= it.clientWidth), "it is not clipped");
    assert.match(await message.textContent(), /is not a K8TRE class; replaced with `rwo-default` \[unknown-class\]$/);
  });
});

test("a narrow window needs no horizontal scrolling", async () => {
  await on(
    site.address,
    async (page) => {
      for (const view of ["Azure", "Portable?"]) {
        if (view !== "Azure") await rechecked(page, () => page.getByLabel(view).check());
        const [content, available] = await page.evaluate(() => [
          document.documentElement.scrollWidth,
          window.innerWidth,
        ]);
        assert.equal(available, 400);
        assert.ok(content <= available, `${view}: ${content}`);
        // The platform switch is fully visible.
        const { x, width } = await page.locator(".platforms").boundingBox();
        assert.ok(x >= 0 && x + width <= available, `${view}: platforms to ${x + width}`);
      }
      await page.getByRole("tab", { name: "Policies" }).click();
      await paste(page, "# none\n", "Policies");
      const restore = await page.getByRole("button", { name: "Restore the original policies" }).boundingBox();
      assert.ok(restore.x >= 0 && restore.x + restore.width <= 400, JSON.stringify(restore));
    },
    { viewport: { width: 400, height: 800 } },
  );
});

test("the page follows the preferred colour scheme, and the button is labelled with the other one", async () => {
  for (const [colorScheme, label] of [
    ["light", "Dark"],
    ["dark", "Light"],
  ]) {
    await on(
      site.address,
      async (page) => {
        const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const [before, button] = [await background(), page.locator("#theme")];
        assert.equal(await button.textContent(), label);
        await button.click();
        assert.equal(await button.textContent(), label === "Dark" ? "Light" : "Dark");
        assert.notEqual(await background(), before);
        await button.click();
        assert.equal(await background(), before);
      },
      { colorScheme },
    );
  }
});

test("a crash is reported, and the next text is checked", async () => {
  await on(
    site.address,
    async (page) => {
      await paste(page, CLAIM);
      for (const round of [1, 2]) {
        await paste(page, `${CLAIM}# ☃trap ${round}\n`);
        assert.equal(
          await summary(page),
          "The checker crashed on this text and was restarted. Change the text, or use agnostics check.",
        );
        assert.equal(await page.locator(".cm-line.marked").count(), 0, "earlier messages are removed");
        assert.equal(await page.locator("#list > *").count(), 0);
      }
      await paste(page, CLAIM);
      assert.equal(await summary(page), "1 object on Azure: 1 mutated");
    },
    { prelude: TRAPS },
  );
});

test("repeated timeouts are reported, and the next text is checked", async () => {
  await on(
    site.address,
    async (page) => {
      await page.clock.install();
      for (const round of [1, 2, 3]) {
        let waiting = true;
        const pasted = paste(page, `${CLAIM}# ☃endless ${round}\n`).finally(() => {
          waiting = false;
        });
        while (waiting) await page.clock.runFor(5_000);
        await pasted;
        assert.equal(
          await summary(page),
          "This text takes too long to check in the browser; use agnostics check.",
        );
      }
      await paste(page, CLAIM);
      assert.equal(await summary(page), "1 object on Azure: 1 mutated");
    },
    { prelude: TRAPS },
  );
});

test("a running check is shown, and outdated verdicts are not", async () => {
  await on(
    site.address,
    async (page) => {
      let release;
      const released = new Promise((resolve) => {
        release = resolve;
      });
      await page.context().route("**/held", async (route) => {
        await released;
        // The request fails if the check has been cancelled.
        await route.fulfill().catch(() => {});
      });
      await paste(page, BALANCER);
      await page.evaluate(() => {
        const summary = document.querySelector("#summary");
        window.summaries = [];
        new MutationObserver(() => window.summaries.push(summary.textContent)).observe(summary, { childList: true });
      });
      await pasteOnly(page, `${CLAIM}---\n${CLAIM}# ☃held\n`);
      await page.locator("#list[aria-busy=true]").waitFor();
      assert.equal(await page.locator(".cm-line.marked").count(), 0, "no messages yet");
      await pasteOnly(page, `${BALANCER}---\n${BALANCER}---\n${CLAIM}`);
      release();
      await page.getByText("3 objects on Azure: 3 mutated").waitFor();
      assert.deepEqual(await page.evaluate(() => window.summaries), ["Checking …", "3 objects on Azure: 3 mutated"]);
      assert.equal(await page.locator("#list").getAttribute("aria-busy"), null);
      const marked = await page.locator(".cm-line.marked").allTextContents();
      assert.equal(marked.length, 3);
      assert.match(marked[2], /^ {2}storageClassName: gp3/);
    },
    { prelude: TRAPS },
  );
});

test("an outdated check does not delay the next", async () => {
  await on(
    site.address,
    async (page) => {
      // Less than the timeout of a check, which is twenty seconds.
      page.setDefaultTimeout(15_000);
      await pasteOnly(page, `${CLAIM}# ☃endless\n`);
      await page.getByText("Checking …").waitFor();
      await paste(page, CLAIM);
      assert.equal(await summary(page), "1 object on Azure: 1 mutated");
    },
    { prelude: TRAPS },
  );
});

test("an unchanged list is kept, and open details stay open", async () => {
  await on(site.address, async (page) => {
    await paste(page, EXAMPLE("guacamole"));
    const details = page.locator("details");
    await details.getByText("skipped: no cluster data").click();
    await page.getByRole("button", { name: /^line/ }).first().evaluate((button) => {
      window.button = button;
    });
    await paste(page, `${EXAMPLE("guacamole")}# a comment\n`);
    assert.ok(await page.evaluate(() => window.button.isConnected));
    await paste(page, `${EXAMPLE("guacamole")}---\n${CLAIM}`);
    assert.equal(await page.evaluate(() => window.button.isConnected), false, "there is another object");
    assert.equal(await details.getAttribute("open"), "");
  });
});

test("an incomplete link and a decompression bomb are reported until the next edit", async () => {
  const state = JSON.stringify({ manifests: CLAIM, cluster: "", policies: {}, view: "k3s" });
  const whole = deflateRawSync(Buffer.from(state)).toString("base64url");
  const bomb = deflateRawSync(Buffer.from(`{"manifests":"${" ".repeat(64 << 20)}"}`)).toString("base64url");
  for (const fragment of [whole.slice(0, -9), "A", "", bomb]) {
    await on(`${site.address}#1.${fragment}`, async (page) => {
      assert.equal(await summary(page), "The link is incomplete or damaged");
      assert.equal(await page.getByRole("textbox", { name: "Manifests" }).textContent(), "");
      assert.equal(await page.locator("#list > *").count(), 0);
      assert.equal(page.url(), site.address);
      await paste(page, CLAIM);
      assert.equal(await summary(page), "1 object on Azure: 1 mutated");
      // In an open page, the existing text stays.
      await rechecked(page, () => page.evaluate((link) => location.assign(link), `#1.${fragment}`));
      assert.equal(await summary(page), "The link is incomplete or damaged");
      assert.match(await page.getByRole("textbox", { name: "Manifests" }).textContent(), /gp3/);
    });
  }
  await on(`${site.address}#1.${whole}`, async (page) => {
    assert.equal(await summary(page), "1 object on K3s: 1 mutated");
  });
});

test("a link that chat services may truncate has a warning", async () => {
  await on(site.address, async (page) => {
    const noise = Array.from({ length: 400 }, (_, i) => `# ${Math.sin(i)}\n`).join("");
    await paste(page, CLAIM + noise);
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByText(/^Link copied\. It has \d{4} characters; .* may truncate links of more than 2000\.$/).waitFor();
  });
});

test("policies are edited for one platform, invalid settings are reported, and policies can be restored", async () => {
  await on(site.address, async (page) => {
    await paste(page, CLAIM);
    await page.getByRole("tab", { name: "Policies" }).click();
    const editor = page.getByRole("textbox", { name: "Policies" });
    await editor.waitFor();
    const text = readFileSync(join(ROOT, "bootstrap/policies/azure/base/policies.yaml"), "utf8");
    await paste(page, text.replace("clusterDefaultClass:", "clusterDefaultClas:"), "Policies");
    assert.equal(await summary(page), "Fix the errors below first");
    assert.match(await page.locator(".problem").textContent(), /setting clusterDefaultClas: is not known/);
    await rechecked(page, () => page.getByLabel("AWS").check());
    assert.equal(await summary(page), "1 object on AWS: 1 mutated");
    await rechecked(page, () => page.getByLabel("Azure").check());
    await paste(page, text.replaceAll("mode: protect", "mode: monitor"), "Policies");
    assert.equal(await summary(page), "1 object on Azure, with edited policies: 1 accepted");
    const about = page.locator("#about");
    assert.equal(await about.textContent(), "Edited: these differ from the original policies for Azure.");
    await rechecked(page, () => page.getByRole("button", { name: "Restore the original policies" }).click());
    assert.equal(await summary(page), "1 object on Azure: 1 mutated");
    assert.match(await about.textContent(), /^The policies for Azure\./);
  });
});

test("a text without policies is an error", async () => {
  await on(site.address, async (page) => {
    await page.getByRole("tab", { name: "Policies" }).click();
    await paste(page, "# none\n", "Policies");
    assert.equal(await summary(page), "Fix the errors below first");
    assert.match(await page.locator(".problem").textContent(), /^Error in Policiesline 1no policy found/);
  });
});

test("undo restores the policies of the same platform only", async () => {
  await on(site.address, async (page) => {
    await paste(page, CLAIM);
    await page.getByRole("tab", { name: "Policies" }).click();
    const editor = page.getByRole("textbox", { name: "Policies" });
    const restore = page.getByRole("button", { name: "Restore the original policies" });
    await paste(page, "# mine\n", "Policies");
    await rechecked(page, () => page.getByLabel("AWS").check());
    const text = await editor.textContent();
    await editor.click();
    for (let step = 0; step < 3; step += 1) await page.keyboard.press("ControlOrMeta+Z");
    assert.equal(await editor.textContent(), text);
    assert.equal(await restore.isVisible(), false, "the policies are still the original ones");
    await rechecked(page, () => page.getByLabel("Azure").check());
    assert.match(await editor.textContent(), /^# mine/);
    await rechecked(page, () => restore.click());
    assert.equal(await summary(page), "1 object on Azure: 1 mutated");
    await editor.click();
    await rechecked(page, () => page.keyboard.press("ControlOrMeta+Z"));
    assert.match(await editor.textContent(), /^# mine/, "restoring can be undone");
  });
});

test("a problem in edited policies names their platform", async () => {
  await on(site.address, async (page) => {
    await rechecked(page, () => page.getByLabel("AWS").check());
    await page.getByRole("tab", { name: "Policies" }).click();
    await paste(page, "# none\n", "Policies");
    await rechecked(page, () => page.getByLabel("Portable?").check());
    const where = page.locator(".problem .where");
    assert.match(await where.textContent(), /^Error in Policies for AWS/);
    await where.getByRole("button", { name: "line 1" }).click();
    assert.equal(await page.locator("#pane-policies .cm-line.marked.error").count(), 1);
    await rechecked(page, () => page.getByLabel("Azure").check());
    await rechecked(page, () => page.getByLabel("Portable?").check());
    assert.equal(await where.textContent(), "Error in Policies for AWSline 1");
    assert.equal(await where.getByRole("button").count(), 0, "the editor shows the policies for Azure");
    assert.equal(await page.locator("#pane-policies .cm-line.marked").count(), 0);
  });
});

test("policies look up cluster objects", async () => {
  await on(site.address, async (page) => {
    const [ingress, service] = EXAMPLE("portal").split("---\n");
    await paste(page, ingress);
    const lacking = page.locator(".routes .lacks");
    assert.ok((await lacking.count()) > 0, "the port number is unknown");
    await page.getByRole("tab", { name: "Cluster" }).click();
    await paste(page, service, "Cluster");
    assert.equal(await lacking.count(), 0);
    assert.equal(await summary(page), "1 object on Azure, with cluster objects: 1 rejected");
    assert.match(await page.locator(".routes pre").textContent(), /port: 8080/);
  });
});

test("markup in manifests is shown as text, and an alias bomb is an error", async () => {
  await on(site.address, async (page) => {
    const name = "<img src=x onerror=window.hit=1><script>window.hit=1</script>";
    await paste(page, CLAIM.replace("name: data", `name: '${name}'`).replace("gp3", "'<script>window.hit=1</script>'"));
    assert.match(await page.locator("#list h2").textContent(), /<img src=x onerror/);
    assert.equal(await page.locator("#list img, #list script").count(), 0);
    const levels = Array.from(
      { length: 30 },
      (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(", ")}]`,
    );
    await paste(page, `${CLAIM}a0: &a0 lol\n${levels.join("\n")}\n`);
    assert.match(await summary(page), /could not be checked/);
    const deep = `${CLAIM}deep: ${"[".repeat(20_000)}\n`;
    await paste(page, deep);
    assert.match(await summary(page), /could not be checked/);
    await paste(page, CLAIM);
    assert.equal(await summary(page), "1 object on Azure: 1 mutated");
    assert.equal(await page.evaluate(() => window.hit), undefined);
  });
});

test("two megabytes are pasted and checked without a freeze", async () => {
  const many = claims(14_000).join("---\n");
  await withoutFreeze(many, "14000 objects on Azure: 14000 mutated", async (page) => {
    assert.equal(await page.locator(".card").count(), 100);
    const more = page.locator("#list > .more");
    assert.match(await more.first().textContent(), /^and 13900 more objects, less severe;/);
    assert.match(await more.last().textContent(), /; 13000 more are not\.$/);
  });
});

test("an object of two megabytes is shown in part and copied in full, without a freeze", async () => {
  await withoutFreeze(INGRESS(), "1 object on Azure: 1 rejected", async (page) => {
    const text = await page.locator("#list").textContent();
    assert.ok(text.length < 100_000, `${text.length} characters are shown`);
    assert.match(text, /and \d+ more messages\./);
    assert.match(text, /Only a part is shown; Copy copies all of it\./);
    await page.getByRole("button", { name: "Copy HTTPRoute" }).click();
    await page.getByText("HTTPRoute copied").waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /- h3999\.k8tre\.internal\n/, "the last host");
  });
});

test("if there are many messages, the most severe are marked in the text", async () => {
  await on(site.address, async (page) => {
    await paste(page, [...claims(1_000), EXAMPLE("guacamole")].join("---\n"));
    const note = "Only the most severe messages are marked in your text; 3 more are not.";
    assert.equal(await page.locator("#list > .more").last().textContent(), note);
    await page.getByRole("textbox", { name: "Manifests" }).press("ControlOrMeta+End");
    await page.locator(".cm-line.marked.rejected").first().waitFor();
    assert.equal(await page.locator(".cm-line.marked.rejected").count(), 3);
  });
});

test("axe finds no serious accessibility problems in both colour schemes", async () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  for (const colorScheme of ["light", "dark"]) {
    for (const view of ["Azure", "Portable?"]) {
      await on(
        site.address,
        async (page) => {
          if (view !== "Azure") await rechecked(page, () => page.getByLabel(view).check());
          await paste(page, `${EXAMPLE("portal")}---\n${EXAMPLE("object-storage")}---\n${BALANCER}---\na: [\n`);
          await page.evaluate(axe);
          const { violations } = await page.evaluate(() => window.axe.run());
          const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
          const messages = serious.map(
            ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`,
          );
          assert.deepEqual(messages, [], `${colorScheme}, ${view}`);
        },
        { colorScheme },
      );
    }
  }
});

test("everything is reachable with the keyboard", async () => {
  await on(site.address, async (page) => {
    await paste(page, EXAMPLE("portal"));
    await page.evaluate(() => document.activeElement?.blur());
    const reached = new Set();
    for (let step = 0; step < 40; step += 1) {
      await page.keyboard.press("Tab");
      reached.add(
        await page.evaluate(() => {
          let element = document.activeElement;
          while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
          return element?.getAttribute("aria-label") ?? element?.id ?? element?.textContent ?? "";
        }),
      );
      const name = await page.evaluate(() => document.activeElement?.textContent ?? "");
      reached.add(name);
    }
    const copy = "Copy HTTPRoute for backend/portal";
    for (const name of ["example", "share", "theme", "tab-manifests", "Manifests", copy, "line 2"]) {
      assert.ok(reached.has(name), `${name} is among ${[...reached].join(" | ")}`);
    }
    await page.getByLabel("Azure").focus();
    await rechecked(page, () => page.keyboard.press("ArrowRight"));
    assert.match(await summary(page), /on AWS/);
    await page.getByRole("tab", { name: "Manifests" }).focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.getByRole("tab", { name: "Cluster" }).getAttribute("aria-selected"), "true");
  });
});

test("the page works below any path, also with its policy as a header, and requests nothing outside of it", async () => {
  const page = readFileSync(join(SITE, "index.html"), "utf8");
  const [, policy] = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(page);
  const below = await serve("/some/where/", { "content-security-policy": policy });
  try {
    await on(below.address, async (page) => {
      assert.match(await summary(page), /objects on Azure/);
    });
    assert.ok(below.requested.length > 3);
    assert.deepEqual(
      below.requested.filter((url) => !url.startsWith("/some/where/")),
      [],
    );
  } finally {
    below.close();
  }
});

test("`cargo xtask playground serve` listens on loopback only and sends the policy as a header", async () => {
  const root = join(ROOT, "crates/playground/web");
  const server = await preview({ root, logLevel: "silent", preview: { port: 0 } });
  try {
    const { address, port } = server.httpServer.address();
    assert.equal(address, "127.0.0.1");
    const get = (path) => fetch(`http://127.0.0.1:${port}/${path}`);
    const page = await get("");
    assert.equal(page.status, 200);
    const policy = page.headers.get("content-security-policy");
    assert.match(policy, /^default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; /);
    const module = readdirSync(join(SITE, "assets")).find((name) => name.endsWith(".wasm"));
    const { headers } = await get(`assets/${module}`);
    assert.equal(headers.get("content-type"), "application/wasm");
    assert.equal((await get("assets/none.js")).status, 404);
    assert.equal((await get("%2e%2e/%2e%2e/Cargo.toml")).status, 404);
  } finally {
    await server.close();
  }
});

test("examples have the same verdicts as on the command line, on every platform", async () => {
  await on(site.address, async (page) => {
    for (const file of readdirSync(join(ROOT, "examples")).sort()) {
      for (const profile of PROFILES) {
        const report = await check([`examples/${file}`, "--profile", profile]);
        const manifests = readFileSync(join(ROOT, "examples", file), "utf8");
        const input = { manifests, cluster: "", profile, policies: null };
        const actual = await reportOf(page, input);
        const rows = actual.objects.flatMap((object) => object.rows);
        // The page uses another file name.
        const expected = report.results.map((row) => ({ ...row, file: "manifests" }));
        assert.deepEqual(
          { summary: actual.summary, rows },
          { summary: report.summary, rows: expected },
          `${file} on ${profile}`,
        );
      }
    }
  });
});

/** Returns the complete report of the page's checker. */
async function reportOf(page, input) {
  const { report } = await page.evaluate((input) => window.playground.ask({ kind: "report", input }), input);
  return report;
}

/** Returns the cases of the corpus. */
async function* corpus() {
  assert.ok(process.env.CORPUS, "set CORPUS to the file that `cargo xtask e2e playground` writes");
  for await (const line of createInterface({ input: createReadStream(process.env.CORPUS) })) yield JSON.parse(line);
}

test("cases of the corpus have the same response as in native code", async () => {
  const counts = new Count();
  await on(site.address, async (page) => {
    for await (const { module, name, call, response } of corpus()) {
      const actual = await page.evaluate((call) => window.playground.ask({ kind: "evaluate", call }), call);
      assert.equal(actual.response, response, name);
      counts.add(module);
    }
  });
  const modules = readdirSync(process.env.MODULES).filter((file) => file.endsWith(".wasm"));
  assert.deepEqual([...counts.keys()].sort(), modules.map((file) => file.replace(/\.wasm$/, "")).sort());
  figure(`cases with equal responses: ${counts}`);
});

test("cases of the corpus that create an object have the same verdict as on the command line", async () => {
  const [compared, skipped] = [new Count(), new Count()];
  const directory = mkdtempSync(join(tmpdir(), "playground-"));
  const files = Object.fromEntries(
    ["manifests", "cluster", "policies"].map((name) => [name, join(directory, `${name}.yaml`)]),
  );
  try {
    await on(site.address, async (page) => {
      for await (const { module, name, check } of corpus()) {
        if (check.not !== undefined) {
          skipped.add(check.not);
          continue;
        }
        for (const [name, file] of Object.entries(files)) writeFileSync(file, check[name]);
        const input = { ...check, profile: "azure" };
        const report = await reportOf(page, input);
        assert.deepEqual(verdictsOf(report), await verdictsOfCommand(files), name);
        compared.add(module);
      }
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
  figure(`cases with the verdicts of \`agnostics check\`: ${compared}; skipped, not a creation: ${skipped}`);
});

/** Returns the verdicts of the page, or the error in the policies. */
function verdictsOf({ objects, problems }) {
  const invalid = problems.find(({ error, source }) => error && source === "policies");
  if (invalid) return { invalid: invalid.message.split("\n")[0] };
  const unreadable = problems.filter(({ error, source }) => error && source === "manifests");
  return {
    rows: objects.flatMap(({ rows }) => rows),
    unreadable: unreadable.map(({ message, help }) => (help ? `${message}; ${help}` : message)),
  };
}

/** Returns the verdicts of the command line, or the error in the policies. */
async function verdictsOfCommand({ manifests, cluster, policies }) {
  let report;
  try {
    // The command line has no separate input for cluster objects, so their rows are removed below.
    const paths = readFileSync(cluster).length > 0 ? [manifests, cluster] : [manifests];
    report = await check([...paths, "--policies", policies, "--profile", "azure"]);
  } catch (error) {
    const [, invalid] = /^error: .*?policies\.yaml:\d+: (.*)$/m.exec(error.message) ?? [];
    return { invalid: invalid ?? error.message };
  }
  const rows = report.results.filter(({ file }) => file === manifests).map((row) => ({ ...row, file: "manifests" }));
  return {
    rows: rows.filter(({ module }) => module !== ""),
    unreadable: rows.filter(({ module }) => module === "").map(({ message }) => message),
  };
}

class Count extends Map {
  add(key) {
    this.set(key, (this.get(key) ?? 0) + 1);
  }
  toString() {
    return [...this].map(([key, count]) => `${key} ${count}`).join(", ");
  }
}

test("the page is small and shows its first verdict quickly", async () => {
  let [gzip, brotli] = [0, 0];
  for (const file of readdirSync(SITE, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const bytes = readFileSync(join(file.parentPath ?? file.path, file.name));
    gzip += gzipSync(bytes, { level: 9 }).length;
    brotli += brotliCompressSync(bytes).length;
  }
  const times = [];
  for (let round = 0; round < 3; round += 1) {
    await on(site.address, async (page) => {
      times.push(
        await page.evaluate(
          () =>
            performance.getEntriesByName("first verdict")[0].startTime -
            performance.getEntriesByType("navigation")[0].loadEventEnd,
        ),
      );
    });
  }
  figure(`transfer: ${(gzip / 1000).toFixed(0)} KB with gzip, ${(brotli / 1000).toFixed(0)} KB with brotli`);
  figure(`first verdict after load: ${times.map((time) => `${time.toFixed(0)} ms`).join(", ")}`);
  assert.ok(gzip <= 900_000, `${gzip} bytes`);
});

test("screenshots for the documentation", async () => {
  const directory = join(ROOT, "docs/playground");
  mkdirSync(directory, { recursive: true });
  for (const colorScheme of ["light", "dark"]) {
    await on(
      site.address,
      async (page) => {
        await page.screenshot({ path: join(directory, `${colorScheme}.png`) });
      },
      { colorScheme, viewport: { width: 1360, height: 850 } },
    );
  }
  await on(
    site.address,
    async (page) => {
      await rechecked(page, () => page.getByLabel("Portable?").check());
      await paste(page, `${BALANCER}---\n${EXAMPLE("database")}---\n${EXAMPLE("object-storage")}`);
      await page.screenshot({ path: join(directory, "portable.png") });
    },
    { viewport: { width: 1360, height: 850 } },
  );
});

/** Pastes a text and asserts that no task of the page takes long. */
async function withoutFreeze(text, expected, work) {
  assert.ok(text.length > 2 << 20, `${text.length}`);
  await on(site.address, async (page) => {
    await browser.startTracing(page, { categories: ["toplevel", "blink.user_timing"] });
    await paste(page, text);
    assert.equal(await summary(page), expected);
    const longest = longestTask(JSON.parse((await browser.stopTracing()).toString()).traceEvents);
    const size = (text.length / 1e6).toFixed(1);
    figure(`longest task of the page while ${size} MB are pasted and checked: ${longest.toFixed(0)} ms`);
    assert.ok(longest < 100, `a task of ${longest} ms`);
    await work(page);
  });
}

/**
 * Returns the CPU time of the longest task of the page's main thread since the last paste, in milliseconds. CPU time
 * excludes the load of other processes.
 */
function longestTask(events) {
  const pasted = events.findLast(({ name }) => name === "pasted");
  const own = events.filter(({ pid, tid, ts }) => pid === pasted.pid && tid === pasted.tid && ts >= pasted.ts);
  const tasks = own.map(({ tdur }) => tdur).filter((time) => time !== undefined);
  assert.ok(tasks.length > 100, `only ${tasks.length} tasks were recorded`);
  return Math.max(...tasks) / 1000;
}

function figure(text) {
  console.log(text);
}

/** Runs `agnostics check` and returns its report. */
function check(args) {
  const { AGNOSTICS, MODULES } = process.env;
  return new Promise((resolve, reject) => {
    const all = ["check", ...args, "--modules", MODULES, "--output", "json"];
    execFile(AGNOSTICS, all, { cwd: ROOT, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      // Rejections and errors of objects are in the report. Without a report, the command itself failed.
      if (error && stdout === "") reject(new Error(stderr));
      else resolve(JSON.parse(stdout));
    });
  });
}
