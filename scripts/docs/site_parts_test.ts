import { deepEqual, equal, match } from "node:assert/strict";
import { diagrams } from "./mermaid.ts";
import { copyMermaid, isNeeded, mermaidServer } from "./mermaid_files.ts";
import { siteLink } from "./site_links.ts";
import { slug } from "./slug.ts";

const GITHUB = "https://github.com/coder/coder-k8s";
const isFolder = (path: string) => path === "deploy/samples";

Deno.test("links to pages and pictures stay; files of the project are on GitHub", () => {
  const of = (href: string, page = "how-to/a.md") => siteLink(href, page, isFolder);
  for (
    const href of [
      "b.md",
      "../mcp.md#flags",
      "#here",
      "https://x.y/",
      "/mcp",
      "mailto:a@b.c",
      "../images/a.png",
    ]
  ) {
    equal(of(href), href);
  }
  equal(of("../../README.md"), `${GITHUB}/blob/main/README.md`);
  equal(of("../../deploy/samples"), `${GITHUB}/tree/main/deploy/samples`);
  equal(of("../src/x.ts#L3", "mcp.md"), `${GITHUB}/blob/main/src/x.ts#L3`);
  equal(of("../../docs/mcp.md"), "../../docs/mcp.md");
});

Deno.test("slugs keep letters, digits, marks of joining and hyphens", () => {
  equal(slug(" Coder's `spec.x`: 3 & more "), "coders-specx-3--more");
});

Deno.test("a fence of mermaid becomes a component with its text; others stay what they were", () => {
  const rules: Record<string, (...given: unknown[]) => string> = { fence: () => "as before" };
  diagrams({ renderer: { rules } });
  const tokens = [{ info: "mermaid", content: 'a --> "b"' }, { info: "sh", content: "ls" }];
  equal(rules["fence"]?.(tokens, 0), '<Mermaid code="a%20--%3E%20%22b%22" />\n');
  equal(rules["fence"]?.(tokens, 1), "as before");
});

Deno.test("of the library of diagrams, what browsers load is copied, and nothing else", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const library = `${dir}/dist`;
    const files = [
      "mermaid.esm.min.mjs",
      "mermaid.esm.min.mjs.map",
      "mermaid.d.ts",
      "chunks/mermaid.esm.min/a.mjs",
      "chunks/mermaid.esm.min/a.mjs.map",
      "chunks/mermaid.core/a.mjs",
    ];
    for (const file of files) {
      await Deno.mkdir(`${library}/${file}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${library}/${file}`, file);
    }
    copyMermaid(library, `${dir}/site`);
    deepEqual(files.filter((file) => isThere(`${dir}/site/mermaid/${file}`)), files.filter(isNeeded));
    deepEqual(files.filter(isNeeded), ["mermaid.esm.min.mjs", "chunks/mermaid.esm.min/a.mjs"]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("while pages are written, the server has the library and gives no other file", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/mermaid.esm.min.mjs`, "library");
    await Deno.writeTextFile(`${dir}/secret`, "x");
    const asked: ((request: object, response: object, next: () => void) => void)[] = [];
    mermaidServer(dir).configureServer({ middlewares: { use: (handle: never) => void asked.push(handle) } });
    const passed: string[] = [];
    for (
      const url of [
        "/mermaid/secret",
        "/mermaid/../secret",
        "/mcp.html",
        "/mermaid/chunks/mermaid.esm.min/none.mjs",
      ]
    ) {
      asked[0]?.({ url }, {}, () => passed.push(url));
    }
    equal(passed.length, 4);
    const { promise, resolve } = Promise.withResolvers<string>();
    const { Writable } = await import("node:stream");
    let text = "";
    const response = new Writable({
      write(chunk, _encoding, done) {
        text += chunk;
        done();
      },
      final: () => resolve(text),
    });
    let type = "";
    Object.assign(response, { setHeader: (_name: string, value: string) => type = value });
    asked[0]?.({ url: "/mermaid/mermaid.esm.min.mjs?v=1" }, response, () => resolve("not served"));
    equal(await promise, "library");
    match(type, /javascript/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
