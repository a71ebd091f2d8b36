// The page in a real browser: what a person does with it, and what must never happen.

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

import { browse, open, paste, put, ROOT, serve, SITE } from "./site.mjs";

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
/** Two megabytes in one object, with more to say of it than there is room for. */
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
 * In the worker: the engine gives up on some texts, in the middle of the modules' work, never ends with others, and
 * with others again ends when the test has it end.
 */
const TRAPS = `
const Held = XMLHttpRequest;
const encodeInto = TextEncoder.prototype.encodeInto;
TextEncoder.prototype.encodeInto = function (text, bytes) {
  if (text.startsWith("☃trap")) throw new WebAssembly.RuntimeError("index out of bounds");
  while (text.startsWith("☃endless"));
  if (text.startsWith("☃held")) {
    const held = new Held();
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

/** Opens the page, does something, and holds the page to what it must never do. */
async function on(page_of, work, options) {
  const opened = await open(browser, page_of, options);
  try {
    await work(opened.page, opened);
    assert.deepEqual(opened.faults, [], "errors in the console");
    assert.deepEqual(await opened.page.evaluate(() => window.violations), [], "violations of the page's policy");
    const elsewhere = opened.requests.filter(
      (url) => !url.startsWith(page_of.split("#")[0]) && !url.startsWith("blob:"),
    );
    assert.deepEqual(elsewhere, [], "requests elsewhere");
  } finally {
    await opened.close();
  }
}

const summary = (page) => page.locator("#summary").textContent();

/** Does something that changes the verdicts, and waits for them. */
async function rejudged(page, work) {
  const before = await page.evaluate(() => document.documentElement.dataset.judged);
  await work();
  await page.waitForFunction((before) => document.documentElement.dataset.judged !== before, before);
}

test("a pasted claim is judged, with the change beside its line and as a diff", async () => {
  await on(site.address, async (page) => {
    await paste(page, CLAIM);
    assert.equal(await summary(page), "1 object on Azure: 1 changed");
    const line = page.locator(".cm-line.said");
    assert.match(await line.textContent(), /storageClassName: gp3.*`gp3` is not a K8TRE class/);
    assert.equal(await page.locator(".diff-line.removed").textContent(), "-  storageClassName: gp3\n");
    assert.equal(await page.locator(".diff-line.added").textContent(), "+  storageClassName: rwo-default\n");
    await page.getByRole("button", { name: "line 6" }).click();
    const active = page.locator("#pane-manifests .cm-activeLine");
    assert.match(await active.textContent(), /^ {2}storageClassName/);
  });
});

test("another vendor gives another verdict, and three columns show them side by side", async () => {
  await on(site.address, async (page) => {
    await paste(page, BALANCER);
    const added = () => page.locator(".diff-line.added").allTextContents();
    assert.match((await added()).join(""), /azure-load-balancer-internal/);
    await rejudged(page, () => page.getByLabel("AWS").check());
    assert.match(await summary(page), /on AWS/);
    assert.doesNotMatch((await added()).join(""), /azure/);
    await rejudged(page, () => page.getByLabel("Portable?").check());
    assert.equal(
      await summary(page),
      "Portable: every vendor admits it; 1 object ends up different between vendors",
    );
    const cells = page.getByRole("row", { name: /desktop/ }).getByRole("cell");
    assert.equal(await cells.count(), 3);
    assert.match(await cells.first().textContent(), /azure/);
  });
});

test("what cannot be read is not portable, nor is it silent about what was not checked", async () => {
  await on(site.address, async (page) => {
    await rejudged(page, () => page.getByLabel("Portable?").check());
    await paste(page, `${CLAIM}---\na: [\n`);
    assert.equal(
      await summary(page),
      "Not portable: 1 not readable, 1 of 1 object admitted everywhere; the same on all three",
    );
    await paste(page, "a: [\n");
    assert.equal(await summary(page), "Not portable: 1 not readable");
    await paste(page, EXAMPLE("guacamole"));
    await page.getByText(/^\d+ things could not be checked without a cluster$/).waitFor();
  });
});

const claims = (count) => Array.from({ length: count }, (_, i) => CLAIM.replace("name: data", `name: data-${i}`));

test("a long list is shown as far as there is room, what differs first, and the rest is told", async () => {
  await on(site.address, async (page) => {
    await rejudged(page, () => page.getByLabel("Portable?").check());
    await paste(page, [...claims(150), BALANCER].join("---\n"));
    assert.equal(
      await summary(page),
      "Portable: every vendor admits all 151 objects; 1 object ends up different between vendors",
    );
    assert.equal(await page.getByRole("row").count(), 101, "a head, and a hundred objects");
    assert.equal(await page.getByRole("row", { name: /app\/desktop/ }).count(), 1);
    assert.match(await page.getByRole("row", { name: /data-7\b/ }).textContent(), /-\s*storageClassName: gp3/);
    const rest = "and 51 objects more, which end up the same on all three.";
    assert.equal(await page.locator("#list > .more").textContent(), rest);
    // The rest is not called alike where it is not.
    await paste(page, Array.from({ length: 101 }, (_, i) => BALANCER.replace("desktop", `desktop-${i}`)).join("---\n"));
    assert.equal(await page.locator("#list > .more").textContent(), "and 1 object more.");
  });
});

test("where vendors only warn differently, that is told and shown in their cells", async () => {
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
      if (profile !== "azure") await rejudged(page, () => page.locator(`input[value=${profile}]`).check());
      await paste(page, text.replaceAll(from, to), "Policies");
    }
    await rejudged(page, () => page.getByLabel("Portable?").check());
    assert.equal(
      await summary(page),
      "Portable: every vendor admits it; 1 object has different warnings, " +
        "with changed policies for Azure and AWS and K3s",
    );
    const cells = page.getByRole("row", { name: /app\/data/ }).getByRole("cell");
    assert.deepEqual(
      (await cells.allTextContents()).map((text) => text.replace(/^Accepted.*`?gp3.*/, "Accepted, warned")),
      ["Accepted", "Accepted, warned", "Accepted"],
    );
  });
});

test("what no policy covers does not count as accepted", async () => {
  await on(site.address, async (page) => {
    const claim = CLAIM.replace("gp3", "rwo-default");
    await paste(page, `${claim}---\n${claim.replace("VolumeClaim", "VolumClaim")}`);
    assert.equal(await summary(page), "2 objects on Azure: 1 accepted, 1 not covered by any policy");
    assert.match(await page.locator(".card").nth(1).textContent(), /^Not covered by any policy/);
    await rejudged(page, () => page.getByLabel("Portable?").check());
    assert.equal(
      await summary(page),
      "Portable: every vendor admits all 2 objects; the same on all three, 1 not covered by any policy",
    );
  });
});

test("an Ingress comes with its HTTPRoute, which is copied as it stands", async () => {
  await on(site.address, async (page) => {
    await paste(page, EXAMPLE("portal"));
    // A region that is hidden while it is empty is not read out when it is filled.
    assert.equal(await page.getByRole("status").count(), 2, "the summary's, and that which tells of copying");
    await page.getByRole("button", { name: "Copy HTTPRoute" }).click();
    await page.getByText("HTTPRoute copied").waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /^apiVersion: gateway.networking.k8s.io\/v1\nkind: HTTPRoute\n/);
    await paste(page, copied);
    assert.equal(await summary(page), "1 object on Azure: 1 accepted");
  });
});

test("a copied link brings everything back, and the server never sees it", async () => {
  let link = "";
  await on(site.address, async (page) => {
    await paste(page, `${CLAIM}# ø ☃ 😀\n`);
    await page.getByRole("tab", { name: "Cluster" }).click();
    await paste(page, "apiVersion: v1\nkind: Namespace\nmetadata: {name: app}\n", "Cluster");
    await rejudged(page, () => page.getByLabel("K3s").check());
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByText("Link copied").waitFor();
    link = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(link, /#1\.[\w-]+$/);
    assert.equal(page.url(), site.address, "the text is not in the browser's history");
    const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
    assert.deepEqual(kept, [0, 0, ""]);
  });
  const asked = site.asked.length;
  await on(link, async (page) => {
    assert.equal(await summary(page), "1 object on K3s, with cluster objects: 1 changed");
    assert.match(await page.getByRole("textbox", { name: "Manifests" }).textContent(), /# ø ☃ 😀/);
    assert.equal(page.url(), site.address, "the text leaves the address once it is read");
    await page.getByRole("tab", { name: "Cluster" }).click();
    assert.match(await page.getByRole("textbox", { name: "Cluster" }).textContent(), /name: app/);
  });
  // A link into a page that is open already.
  await on(site.address, async (page) => {
    await rejudged(page, () => page.evaluate((link) => location.assign(link), link));
    assert.equal(await summary(page), "1 object on K3s, with cluster objects: 1 changed");
    assert.equal(page.url(), site.address);
    assert.equal(await page.getByLabel("Example").inputValue(), "", "the text is no example");
  });
  const secret = link.split("#")[1];
  assert.ok(site.asked.slice(asked).every((url) => !url.includes(secret)));
});

test("where the clipboard is closed, the text is there to be copied by hand", async () => {
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
    // The text does not stay: it is cleared after the dialog is gone.
    await page.waitForFunction(() => document.querySelector("#by-hand-text").value === "");
  });
});

test("modules that cannot be loaded are told, with the reason", async () => {
  const reasons = [
    ["**/worker-*.js", (route) => route.abort(), "the browser is too old, or the page is not whole"],
    ["**/*.wasm", (route) => route.abort(), "their file cannot be fetched"],
    [
      "**/*.wasm",
      (route) => route.fulfill({ contentType: "application/wasm", body: "half" }),
      "the browser is too old, or their file is not whole",
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

test("a page that is not whole says so, and does not load for ever", async () => {
  const context = await browser.newContext();
  try {
    await context.route("**/index-*.js", (route) => route.abort());
    const page = await context.newPage();
    await page.goto(site.address);
    const told = "Loading … If this stays, your browser is too old for this page, or a part of the page is missing.";
    assert.equal(await summary(page), told);
  } finally {
    await context.close();
  }
});

test("the worker has no way to the network or to storage", async () => {
  await on(site.address, async (page) => {
    const [worker] = page.workers();
    const asked = site.asked.length;
    const left = await worker.evaluate(async () => {
      const ways = {
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
        "another's": () => WorkerGlobalScope.prototype.fetch.call(self, "way-out"),
      };
      const left = [];
      for (const [name, way] of Object.entries(ways)) {
        try {
          await way();
          left.push(name);
        } catch (error) {
          // A way that is there and fails would fail otherwise.
          if (!["ReferenceError", "TypeError"].includes(error.name)) left.push(`${name}: ${error}`);
        }
      }
      return left;
    });
    assert.deepEqual(left, []);
    assert.deepEqual(site.asked.slice(asked), []);
  });
});

test("what is selected shows through marked lines, and the editor shows that it has the focus", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await on(
      site.address,
      async (page) => {
        await paste(page, CLAIM);
        const line = page.locator(".cm-line.said");
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

test("what is said of a long line is there to be read", async () => {
  await on(site.address, async (page) => {
    await paste(page, CLAIM.replace("gp3", `gp3 # ${"a long line ".repeat(30)}`));
    const [remark, pane] = [page.locator(".remark"), page.locator("#pane-manifests")];
    const [inner, outer] = [await remark.boundingBox(), await pane.boundingBox()];
    assert.ok(inner.x >= outer.x && inner.x + inner.width <= outer.x + outer.width, JSON.stringify({ inner, outer }));
    assert.ok(await remark.evaluate((it) => it.scrollWidth <= it.clientWidth), "it is not cut");
    assert.match(await remark.textContent(), /is not a K8TRE class; replaced with `rwo-default` \[unknown-class\]$/);
  });
});

test("a narrow page is not wider than its window", async () => {
  await on(
    site.address,
    async (page) => {
      for (const view of ["Azure", "Portable?"]) {
        if (view !== "Azure") await rejudged(page, () => page.getByLabel(view).check());
        const [is, has] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
        assert.equal(has, 400);
        assert.ok(is <= has, `${view}: ${is}`);
        // The switch of vendors is whole.
        const { x, width } = await page.locator(".vendors").boundingBox();
        assert.ok(x >= 0 && x + width <= has, `${view}: vendors to ${x + width}`);
      }
      await page.getByRole("tab", { name: "Policies" }).click();
      await paste(page, "# none\n", "Policies");
      const restore = await page.getByRole("button", { name: "Restore the original policies" }).boundingBox();
      assert.ok(restore.x >= 0 && restore.x + restore.width <= 400, JSON.stringify(restore));
    },
    { viewport: { width: 400, height: 800 } },
  );
});

test("the page is as dark as its reader likes it, and the button says what it does", async () => {
  for (const [colorScheme, label] of [
    ["light", "Dark"],
    ["dark", "Light"],
  ]) {
    await on(
      site.address,
      async (page) => {
        const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const [before, button] = [await ground(), page.locator("#theme")];
        assert.equal(await button.textContent(), label);
        await button.click();
        assert.equal(await button.textContent(), label === "Dark" ? "Light" : "Dark");
        assert.notEqual(await ground(), before);
        await button.click();
        assert.equal(await ground(), before);
      },
      { colorScheme },
    );
  }
});

test("where the engine gives up on a text, that is told, and the next text is judged", async () => {
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
        assert.equal(await page.locator(".cm-line.said").count(), 0, "what was said before is not said of this text");
        assert.equal(await page.locator("#list > *").count(), 0);
      }
      await paste(page, CLAIM);
      assert.equal(await summary(page), "1 object on Azure: 1 changed");
    },
    { prelude: TRAPS },
  );
});

test("texts that take too long, even one after the other, are given up, and the next is judged", async () => {
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
        assert.equal(await summary(page), "This takes too long to check here: use agnostics check.");
      }
      await paste(page, CLAIM);
      assert.equal(await summary(page), "1 object on Azure: 1 changed");
    },
    { prelude: TRAPS },
  );
});

test("while a text is checked that is said, and verdicts on a text that is gone are not shown", async () => {
  await on(
    site.address,
    async (page) => {
      let end;
      const ended = new Promise((give) => {
        end = give;
      });
      await page.context().route("**/held", async (route) => {
        await ended;
        // Where the check was given up meanwhile, nobody waits any more.
        await route.fulfill().catch(() => {});
      });
      await paste(page, BALANCER);
      await page.evaluate(() => {
        const summary = document.querySelector("#summary");
        window.said = [];
        new MutationObserver(() => window.said.push(summary.textContent)).observe(summary, { childList: true });
      });
      await put(page, `${CLAIM}---\n${CLAIM}# ☃held\n`);
      await page.locator("#list[aria-busy=true]").waitFor();
      assert.equal(await page.locator(".cm-line.said").count(), 0, "nothing is said of the text yet");
      await put(page, `${BALANCER}---\n${BALANCER}---\n${CLAIM}`);
      end();
      await page.getByText("3 objects on Azure: 3 changed").waitFor();
      assert.deepEqual(await page.evaluate(() => window.said), ["Checking …", "3 objects on Azure: 3 changed"]);
      assert.equal(await page.locator("#list").getAttribute("aria-busy"), null);
      const marked = await page.locator(".cm-line.said").allTextContents();
      assert.equal(marked.length, 3);
      assert.match(marked[2], /^ {2}storageClassName: gp3/);
    },
    { prelude: TRAPS },
  );
});

test("a check that nobody needs any more does not hold up the next", async () => {
  await on(
    site.address,
    async (page) => {
      // After twenty seconds it would be given up for its own sake.
      page.setDefaultTimeout(15_000);
      await put(page, `${CLAIM}# ☃endless\n`);
      await page.getByText("Checking …").waitFor();
      await paste(page, CLAIM);
      assert.equal(await summary(page), "1 object on Azure: 1 changed");
    },
    { prelude: TRAPS },
  );
});

test("a list that says nothing new stays as it is, and what was opened in it stays open", async () => {
  await on(site.address, async (page) => {
    await paste(page, EXAMPLE("guacamole"));
    const details = page.locator("details");
    await details.getByText("could not be checked without a cluster").click();
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

test("a cut link and one that unpacks without end are told, until the next edit", async () => {
  const state = JSON.stringify({ manifests: CLAIM, cluster: "", policies: {}, view: "k3s" });
  const whole = deflateRawSync(Buffer.from(state)).toString("base64url");
  const bomb = deflateRawSync(Buffer.from(`{"manifests":"${" ".repeat(64 << 20)}"}`)).toString("base64url");
  for (const fragment of [whole.slice(0, -9), "A", "", bomb]) {
    await on(`${site.address}#1.${fragment}`, async (page) => {
      assert.equal(await summary(page), "The link is cut or damaged");
      assert.equal(await page.getByRole("textbox", { name: "Manifests" }).textContent(), "");
      assert.equal(await page.locator("#list > *").count(), 0);
      assert.equal(page.url(), site.address);
      await paste(page, CLAIM);
      assert.equal(await summary(page), "1 object on Azure: 1 changed");
      // In a page that is open, the text that is there stays.
      await rejudged(page, () => page.evaluate((link) => location.assign(link), `#1.${fragment}`));
      assert.equal(await summary(page), "The link is cut or damaged");
      assert.match(await page.getByRole("textbox", { name: "Manifests" }).textContent(), /gp3/);
    });
  }
  await on(`${site.address}#1.${whole}`, async (page) => {
    assert.equal(await summary(page), "1 object on K3s: 1 changed");
  });
});

test("a link that chat programs cut comes with a warning", async () => {
  await on(site.address, async (page) => {
    const noise = Array.from({ length: 400 }, (_, i) => `# ${Math.sin(i)}\n`).join("");
    await paste(page, CLAIM + noise);
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByText(/^Link copied\. It has \d{4} characters: .* may cut those of more than 2000\.$/).waitFor();
  });
});

test("settings are changed for one vendor, told where they are wrong, and taken back", async () => {
  await on(site.address, async (page) => {
    await paste(page, CLAIM);
    await page.getByRole("tab", { name: "Policies" }).click();
    const editor = page.getByRole("textbox", { name: "Policies" });
    await editor.waitFor();
    const text = readFileSync(join(ROOT, "bootstrap/policies/azure/base/policies.yaml"), "utf8");
    await paste(page, text.replace("clusterDefaultClass:", "clusterDefaultClas:"), "Policies");
    assert.equal(await summary(page), "Fix the errors below first");
    assert.match(await page.locator(".problem").textContent(), /setting clusterDefaultClas: is not known/);
    await rejudged(page, () => page.getByLabel("AWS").check());
    assert.equal(await summary(page), "1 object on AWS: 1 changed");
    await rejudged(page, () => page.getByLabel("Azure").check());
    await paste(page, text.replaceAll("mode: protect", "mode: monitor"), "Policies");
    assert.equal(await summary(page), "1 object on Azure, with changed policies: 1 accepted");
    const about = page.locator("#about");
    assert.equal(await about.textContent(), "Changed: these are not the policies that clusters on Azure have.");
    await rejudged(page, () => page.getByRole("button", { name: "Restore the original policies" }).click());
    assert.equal(await summary(page), "1 object on Azure: 1 changed");
    assert.match(await about.textContent(), /^As clusters on Azure have them\./);
  });
});

test("policies that are all taken out accept nothing", async () => {
  await on(site.address, async (page) => {
    await page.getByRole("tab", { name: "Policies" }).click();
    await paste(page, "# none\n", "Policies");
    assert.equal(await summary(page), "Fix the errors below first");
    assert.match(await page.locator(".problem").textContent(), /^Error in Policiesline 1no policy in here/);
  });
});

test("undoing brings back this vendor's policies and never another's", async () => {
  await on(site.address, async (page) => {
    await paste(page, CLAIM);
    await page.getByRole("tab", { name: "Policies" }).click();
    const editor = page.getByRole("textbox", { name: "Policies" });
    const back = page.getByRole("button", { name: "Restore the original policies" });
    await paste(page, "# mine\n", "Policies");
    await rejudged(page, () => page.getByLabel("AWS").check());
    const text = await editor.textContent();
    await editor.click();
    for (let step = 0; step < 3; step += 1) await page.keyboard.press("ControlOrMeta+Z");
    assert.equal(await editor.textContent(), text);
    assert.equal(await back.isVisible(), false, "they are the original ones still");
    await rejudged(page, () => page.getByLabel("Azure").check());
    assert.match(await editor.textContent(), /^# mine/);
    await rejudged(page, () => back.click());
    assert.equal(await summary(page), "1 object on Azure: 1 changed");
    await editor.click();
    await rejudged(page, () => page.keyboard.press("ControlOrMeta+Z"));
    assert.match(await editor.textContent(), /^# mine/, "going back can be undone");
  });
});

test("what is wrong in one vendor's policies is told of that vendor", async () => {
  await on(site.address, async (page) => {
    await rejudged(page, () => page.getByLabel("AWS").check());
    await page.getByRole("tab", { name: "Policies" }).click();
    await paste(page, "# none\n", "Policies");
    await rejudged(page, () => page.getByLabel("Portable?").check());
    const where = page.locator(".problem .where");
    assert.match(await where.textContent(), /^Error in Policies for AWS/);
    await where.getByRole("button", { name: "line 1" }).click();
    assert.equal(await page.locator("#pane-policies .cm-line.said.error").count(), 1);
    await rejudged(page, () => page.getByLabel("Azure").check());
    await rejudged(page, () => page.getByLabel("Portable?").check());
    assert.equal(await where.textContent(), "Error in Policies for AWSline 1");
    assert.equal(await where.getByRole("button").count(), 0, "the line is not one of Azure's policies");
    assert.equal(await page.locator("#pane-policies .cm-line.said").count(), 0);
  });
});

test("what the cluster holds answers what modules ask", async () => {
  await on(site.address, async (page) => {
    const [ingress, service] = EXAMPLE("portal").split("---\n");
    await paste(page, ingress);
    const lacking = page.locator(".routes .lacks");
    assert.ok((await lacking.count()) > 0, "the port's number is not known yet");
    await page.getByRole("tab", { name: "Cluster" }).click();
    await paste(page, service, "Cluster");
    assert.equal(await lacking.count(), 0);
    assert.equal(await summary(page), "1 object on Azure, with cluster objects: 1 rejected");
    assert.match(await page.locator(".routes pre").textContent(), /port: 8080/);
  });
});

test("hostile text is text, and an alias bomb is refused", async () => {
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
    assert.equal(await summary(page), "1 object on Azure: 1 changed");
    assert.equal(await page.evaluate(() => window.hit), undefined);
  });
});

test("two megabytes are pasted and judged without a freeze", async () => {
  const many = claims(14_000).join("---\n");
  await withoutFreeze(many, "14000 objects on Azure: 14000 changed", async (page) => {
    assert.equal(await page.locator(".card").count(), 100);
    const more = page.locator("#list > .more");
    assert.match(await more.first().textContent(), /^and 13900 objects more, with less to say/);
    assert.match(await more.last().textContent(), /; 13000 more are not\.$/);
  });
});

test("two megabytes in one object are shown in part and copied whole, without a freeze", async () => {
  await withoutFreeze(INGRESS(), "1 object on Azure: 1 rejected", async (page) => {
    const text = await page.locator("#list").textContent();
    assert.ok(text.length < 100_000, `${text.length} characters are shown`);
    assert.match(text, /and \d+ remarks more\./);
    assert.match(text, /Not all of it is shown; all of it is copied\./);
    await page.getByRole("button", { name: "Copy HTTPRoute" }).click();
    await page.getByText("HTTPRoute copied").waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /- h3999\.k8tre\.internal\n/, "the last of its hosts");
  });
});

test("of many remarks the gravest are marked beside the text", async () => {
  await on(site.address, async (page) => {
    await paste(page, [...claims(1_000), EXAMPLE("guacamole")].join("---\n"));
    const told = "The gravest remarks are marked beside your text; 3 more are not.";
    assert.equal(await page.locator("#list > .more").last().textContent(), told);
    await page.getByRole("textbox", { name: "Manifests" }).press("ControlOrMeta+End");
    await page.locator(".cm-line.said.rejected").first().waitFor();
    assert.equal(await page.locator(".cm-line.said.rejected").count(), 3);
  });
});

test("axe finds nothing serious, light or dark", async () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  for (const colorScheme of ["light", "dark"]) {
    for (const view of ["Azure", "Portable?"]) {
      await on(
        site.address,
        async (page) => {
          if (view !== "Azure") await rejudged(page, () => page.getByLabel(view).check());
          await paste(page, `${EXAMPLE("portal")}---\n${EXAMPLE("object-storage")}---\n${BALANCER}---\na: [\n`);
          await page.evaluate(axe);
          const { violations } = await page.evaluate(() => window.axe.run());
          const grave = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
          const told = grave.map(
            ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`,
          );
          assert.deepEqual(told, [], `${colorScheme}, ${view}`);
        },
        { colorScheme },
      );
    }
  }
});

test("everything is reached with the keyboard", async () => {
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
    await rejudged(page, () => page.keyboard.press("ArrowRight"));
    assert.match(await summary(page), /on AWS/);
    await page.getByRole("tab", { name: "Manifests" }).focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.getByRole("tab", { name: "Cluster" }).getAttribute("aria-selected"), "true");
  });
});

test("it works below any path, also with its policy as a header, and asks for nothing outside of it", async () => {
  const page = readFileSync(join(SITE, "index.html"), "utf8");
  const [, policy] = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(page);
  const below = await serve("/some/where/", { "content-security-policy": policy });
  try {
    await on(below.address, async (page) => {
      assert.match(await summary(page), /objects on Azure/);
    });
    assert.ok(below.asked.length > 3);
    assert.deepEqual(
      below.asked.filter((url) => !url.startsWith("/some/where/")),
      [],
    );
  } finally {
    below.close();
  }
});

test("`cargo xtask playground serve` serves it on loopback alone, with its policy as a header", async () => {
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

test("every example has the verdicts of the command line on every vendor", async () => {
  await on(site.address, async (page) => {
    for (const file of readdirSync(join(ROOT, "examples")).sort()) {
      for (const profile of PROFILES) {
        const told = await check([`examples/${file}`, "--profile", profile]);
        const manifests = readFileSync(join(ROOT, "examples", file), "utf8");
        const input = { manifests, cluster: "", profile, policies: null };
        const { report } = await page.evaluate((input) => window.playground.ask({ kind: "report", input }), input);
        const rows = report.objects.flatMap((object) => object.rows);
        // A file's name is the command line's.
        const expected = told.results.map((row) => ({ ...row, file: "manifests" }));
        assert.deepEqual(
          { summary: report.summary, rows },
          { summary: told.summary, rows: expected },
          `${file} on ${profile}`,
        );
      }
    }
  });
});

/** The cases of the corpus, with what they are as texts. */
async function* corpus() {
  assert.ok(process.env.CORPUS, "CORPUS names the file that `cargo xtask e2e playground` writes");
  for await (const line of createInterface({ input: createReadStream(process.env.CORPUS) })) yield JSON.parse(line);
}

test("every case of the corpus has the response of the modules' native code", async () => {
  const counts = new Count();
  await on(site.address, async (page) => {
    for await (const { module, name, call, response } of corpus()) {
      const answer = await page.evaluate((call) => window.playground.ask({ kind: "evaluate", call }), call);
      assert.equal(answer.response, response, name);
      counts.add(module);
    }
  });
  const modules = readdirSync(process.env.MODULES).filter((file) => file.endsWith(".wasm"));
  assert.deepEqual([...counts.keys()].sort(), modules.map((file) => file.replace(/\.wasm$/, "")).sort());
  figure(`cases with equal responses: ${counts}`);
});

test("every case of the corpus that creates an object has the verdict of the command line", async () => {
  const [compared, left] = [new Count(), new Count()];
  const directory = mkdtempSync(join(tmpdir(), "playground-"));
  const files = Object.fromEntries(
    ["manifests", "cluster", "policies"].map((name) => [name, join(directory, `${name}.yaml`)]),
  );
  try {
    await on(site.address, async (page) => {
      for await (const { module, name, check } of corpus()) {
        if (check.not !== undefined) {
          left.add(check.not);
          continue;
        }
        for (const [name, file] of Object.entries(files)) writeFileSync(file, check[name]);
        const input = { ...check, profile: "azure" };
        const { report } = await page.evaluate((input) => window.playground.ask({ kind: "report", input }), input);
        assert.deepEqual(verdictsOf(report), await verdictsOfCommand(files), name);
        compared.add(module);
      }
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
  figure(`cases with the verdicts of \`agnostics check\`: ${compared}; left out, since check creates: ${left}`);
});

/** What the page says of its manifests, or that the policies are wrong. */
function verdictsOf({ objects, problems }) {
  const wrong = problems.find(({ error, source }) => error && source === "policies");
  if (wrong) return { wrong: wrong.message.split("\n")[0] };
  const unread = problems.filter(({ error, source }) => error && source === "manifests");
  return {
    rows: objects.flatMap(({ rows }) => rows),
    unread: unread.map(({ message, help }) => (help ? `${message}; ${help}` : message)),
  };
}

/** The same of the command line. */
async function verdictsOfCommand({ manifests, cluster, policies }) {
  let told;
  try {
    // What the cluster holds is among the manifests there, and judged; its rows are left out.
    const paths = readFileSync(cluster).length > 0 ? [manifests, cluster] : [manifests];
    told = await check([...paths, "--policies", policies, "--profile", "azure"]);
  } catch (error) {
    const [, wrong] = /^error: .*?policies\.yaml:\d+: (.*)$/m.exec(error.message) ?? [];
    return { wrong: wrong ?? error.message };
  }
  const rows = told.results.filter(({ file }) => file === manifests).map((row) => ({ ...row, file: "manifests" }));
  return {
    rows: rows.filter(({ module }) => module !== ""),
    unread: rows.filter(({ module }) => module === "").map(({ message }) => message),
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

test("it is small, and quick to its first verdict", async () => {
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

test("pictures for the documentation", async () => {
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
      await rejudged(page, () => page.getByLabel("Portable?").check());
      await paste(page, `${BALANCER}---\n${EXAMPLE("database")}---\n${EXAMPLE("object-storage")}`);
      await page.screenshot({ path: join(directory, "portable.png") });
    },
    { viewport: { width: 1360, height: 850 } },
  );
});

/** Pastes a text into a page, which is never busy for long meanwhile. */
async function withoutFreeze(text, expected, work) {
  assert.ok(text.length > 2 << 20, `${text.length}`);
  await on(site.address, async (page) => {
    await browser.startTracing(page, { categories: ["toplevel", "blink.user_timing"] });
    await paste(page, text);
    assert.equal(await summary(page), expected);
    const longest = longestTask(JSON.parse((await browser.stopTracing()).toString()).traceEvents);
    const size = (text.length / 1e6).toFixed(1);
    figure(`longest task of the page while ${size} MB are pasted and judged: ${longest.toFixed(0)} ms`);
    assert.ok(longest < 100, `a task of ${longest} ms`);
    await work(page);
  });
}

/**
 * How long the page's own thread was at work without a pause since the last paste, in milliseconds of the processor's
 * time: what else the machine does meanwhile is not the page's.
 */
function longestTask(events) {
  const pasted = events.findLast(({ name }) => name === "pasted");
  const own = events.filter(({ pid, tid, ts }) => pid === pasted.pid && tid === pasted.tid && ts >= pasted.ts);
  const tasks = own.map(({ tdur }) => tdur).filter((time) => time !== undefined);
  assert.ok(tasks.length > 100, `${tasks.length} tasks are known`);
  return Math.max(...tasks) / 1000;
}

function figure(text) {
  console.log(text);
}

/** `agnostics check`. */
function check(args) {
  const { AGNOSTICS, MODULES } = process.env;
  return new Promise((give, fail) => {
    const all = ["check", ...args, "--modules", MODULES, "--output", "json"];
    execFile(AGNOSTICS, all, { cwd: ROOT, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      // Whatever is rejected or cannot be judged is told; without a report there is something wrong before that.
      if (error && stdout === "") fail(new Error(stderr));
      else give(JSON.parse(stdout));
    });
  });
}
