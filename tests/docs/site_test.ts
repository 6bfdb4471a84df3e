/** The site of the documents, built and looked at by a real Chromium. */
import assert from "node:assert/strict";
import { extname, join } from "node:path";
import axe from "npm:axe-core@4.14.1";
import { buildSite } from "../../scripts/docs.ts";
import { filesBelow, read } from "../../scripts/lib/files.ts";
import { type Browser, type Page, startChromium } from "../ui/chromium.ts";
import { axeFindings } from "../ui/in_page.js";

const WIDTHS = [1_280, 360];
const SCHEMES = ["light", "dark"] as const;
/** A page of each kind: the front, one with a diagram, long tables, much code, a list of pages. */
const PAGES = [
  "",
  "architecture.html",
  "mcp.html",
  "reference/",
  "reference/coderworkspace.html",
  "how-to/",
  "troubleshooting.html",
];
/** Of axe-core's findings, those that it calls moderate or minor, and that the theme has. */
const MINOR = ["landmark-one-main", "region"];
/** Where pictures of the pages go; for people. */
const PICTURES = Deno.env.get("CODER_K8S_SITE_PICTURES");
/** Patience on a busy machine, in milliseconds. */
const LONG_MS = 120_000;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".json": "application/json",
};

/** Any server of files would do. */
function serve(folder: string): { url: string } & AsyncDisposable {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
    try {
      return new Response(await Deno.readFile(file), {
        headers: { "content-type": TYPES[extname(file)] ?? "application/octet-stream" },
      });
    } catch {
      return new Response("nothing here", { status: 404 });
    }
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  return { url, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** A page whose requests to elsewhere, failed requests and errors are noted. */
async function withPage(
  browser: Browser,
  origin: string,
  run: (page: Page, complaints: string[]) => Promise<void>,
): Promise<void> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(LONG_MS);
  const complaints: string[] = [];
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(origin)) {
      complaints.push(`asked ${request.url()}`);
    }
  });
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} for ${response.url()}`);
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  try {
    await run(page, complaints);
  } finally {
    await context.close();
  }
}

Deno.test("the site is built whole, asks nobody else for anything, and is for everybody", async (t) => {
  const out = await Deno.makeTempDir({ prefix: "coder-k8s-site-" });
  try {
    await buildSite(out);
    await using server = serve(out);
    await using browser = await startChromium();
    await t.step("every document is a page", async () => {
      const documents = await filesBelow("docs", [".md"]);
      const missing: string[] = [];
      for (const path of documents) {
        const page = path.replace(/^docs\//, "").replace(/\.md$/, ".html");
        await Deno.stat(join(out, page)).catch(() => missing.push(page));
      }
      assert.deepEqual(missing, []);
      assert.ok(documents.length >= 28, String(documents.length));
    });
    for (const scheme of SCHEMES) {
      for (const width of WIDTHS) {
        await t.step(
          `${scheme}, ${width} px: axe-core finds nothing serious`,
          () =>
            withPage(browser, server.url, async (page, complaints) => {
              await page.setViewport({ width, height: 800 });
              await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }, {
                name: "prefers-reduced-motion",
                value: "reduce",
              }]);
              const found: Finding[] = [];
              for (const path of PAGES) {
                found.push(...await look(page, `${server.url}/${path}`, `${scheme}-${width}`));
              }
              assert.deepEqual(found, []);
              assert.deepEqual(complaints, []);
            }),
        );
      }
    }
    await t.step(
      "diagrams are drawn, on every page that has one",
      () =>
        withPage(browser, server.url, async (page, complaints) => {
          const documents = (await filesBelow("docs", [".md"])).filter((path) =>
            /^```mermaid$/m.test(read(path))
          );
          assert.ok(documents.length >= 4, documents.join());
          for (const path of documents) {
            await page.goto(`${server.url}/${path.replace(/^docs\//, "").replace(/\.md$/, ".html")}`);
            const wanted = read(path).match(/^```mermaid$/gm)?.length ?? 0;
            await page.waitForFunction(
              `document.querySelectorAll(".diagram svg").length === ${wanted}`,
              { timeout: LONG_MS },
            ).catch((error) => {
              throw new Error(`${path}: not all of ${wanted} diagrams are drawn: ${complaints.join("\n")}`, {
                cause: error,
              });
            });
            const words = await page.$$eval(".diagram svg", (all) => all.map((svg) => svg.textContent ?? ""));
            for (const text of words) {
              assert.ok(text.length > 20 && !/Syntax error/.test(text), `${path}: ${text}`);
            }
          }
          assert.deepEqual(complaints, []);
        }),
    );
    await t.step(
      "a search finds a flag, in the browser alone",
      () =>
        withPage(browser, server.url, async (page, complaints) => {
          await page.goto(`${server.url}/mcp.html`);
          await page.waitForSelector("button.DocSearch");
          await page.click("button.DocSearch");
          const input = await page.waitForSelector("#localsearch-input");
          await input!.type("shutdown-delay");
          await page.waitForSelector(".VPLocalSearchBox .result");
          assert.deepEqual(complaints, []);
        }),
    );
    await t.step(
      "the sidebar and lists of pages lead to pages",
      () =>
        withPage(browser, server.url, async (page, complaints) => {
          await page.setViewport({ width: 1_280, height: 800 });
          await page.goto(`${server.url}/how-to/`);
          const hrefs = (selector: string) =>
            page.$$eval(selector, (links) => links.map((link) => (link as unknown as { href: string }).href));
          const [inSidebar, listed] = [await hrefs(".VPSidebar a"), await hrefs(".vp-doc li a")];
          assert.ok(inSidebar.length >= 30 && listed.length >= 10, `${inSidebar.length}, ${listed.length}`);
          for (const href of [...new Set([...inSidebar, ...listed])]) {
            const { status, body } = await fetch(href);
            await body?.cancel();
            assert.equal(status, 200, href);
          }
          assert.deepEqual(complaints, []);
        }),
    );
    await t.step("links to files of the project lead to GitHub", async () => {
      const text = await Deno.readTextFile(join(out, "sessions.html"));
      assert.match(text, /href="https:\/\/github\.com\/coder\/coder-k8s\/blob\/main\/examples\//);
    });
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

/** What axe-core finds wrong, on which page. */
interface Finding {
  readonly id: string;
  readonly nodes: readonly string[];
  readonly url: string;
}

/** Opens a page and lets axe-core look at it. */
async function look(page: Page, url: string, name: string): Promise<Finding[]> {
  await page.goto(url, { waitUntil: "networkidle0" });
  if (url.includes("architecture")) await page.waitForSelector(".diagram svg");
  if (PICTURES !== undefined) {
    const path = join(
      PICTURES,
      `${name}-${url.split("/").slice(3).join("-") || "front"}.png`,
    ) as `${string}.png`;
    await page.screenshot({ path });
  }
  await page.evaluate(axe.source);
  const { passes, violations } = await page.evaluate(axeFindings);
  assert.ok(passes.includes("color-contrast"), `${url}: contrast was not looked at`);
  // What is less than serious is the theme's: the front page's content is in no landmark.
  return violations.filter(({ id }) => !MINOR.includes(id)).map((violation) => ({ ...violation, url }));
}
