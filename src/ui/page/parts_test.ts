/** What parts of the page make of answers, before there is a page. In a browser they are in `tests/ui`. */
import { deepEqual, equal } from "node:assert/strict";
import { diagnosisOf } from "./diagnosis.js";
import { lineOf } from "./log.js";
import { pageFiles } from "./mod.ts";

Deno.test("a diagnosis of any shape can be shown", () => {
  deepEqual(
    diagnosisOf({
      summary: "s",
      causes: [{ title: "t", why: "a\nb", certainty: "likely", steps: ["x", 5, null] }],
    }),
    {
      summary: "s",
      causes: [{ title: "t", why: "a\nb", certainty: "likely", steps: ["x", "5"] }],
    },
  );
  for (const answer of [undefined, null, 1, "x", {}, [], { causes: {} }]) {
    deepEqual(diagnosisOf(answer), { summary: "The server found no words for it.", causes: [] });
  }
  deepEqual(diagnosisOf({ summary: "s", causes: [null, 1] }).causes.map(({ title }) => title), [
    "",
    "1".slice(1),
  ]);
  equal(diagnosisOf({ summary: "s", causes: Array(100).fill({}) }).causes.length, 20);
});

Deno.test("a line of a log of any shape can be shown", () => {
  deepEqual(lineOf({ at: "now", stage: "Plan\u001b[1mning", text: "\u001b[32m+ x\u001b[0m\u202e" }), {
    at: "now",
    stage: "Planning",
    text: "+ x\ufffd",
  });
  for (const line of [undefined, null, 1, "x", {}, []]) {
    deepEqual(lineOf(line), { at: "", stage: "", text: "" });
  }
});

Deno.test("every file of the page is served as what it is, and every file that one names is there", () => {
  const files = pageFiles();
  const folder = [...Deno.readDirSync(new URL("./", import.meta.url))].map(({ name }) => name);
  const wanted = folder.filter((name) => /\.(js|css|svg|html)$/.test(name));
  deepEqual([...files.keys()].sort(), wanted.sort());
  for (const [path, { type, text }] of files) {
    equal(
      type.startsWith(
        {
          js: "text/javascript",
          css: "text/css",
          svg: "image/svg+xml",
          html: "text/html",
        }[path.split(".")[1] ?? ""] ?? "?",
      ),
      true,
      path,
    );
    for (const [, name = ""] of text.matchAll(/(?:^import[^;]*?from|href=|src=) ?"([^"#]+)"/gm)) {
      equal(files.has(name.replace(/^\.\//, "")), true, `${path} names ${name}`);
    }
  }
});

Deno.test("every module is asked for at once, and none twice", () => {
  const html = pageFiles().get("index.html")?.text ?? "";
  const preloaded = [...html.matchAll(/rel="modulepreload" href="([^"]+)"/g)].map(([, name]) => name);
  const modules = [...pageFiles().keys()].filter((name) => name.endsWith(".js") && name !== "main.js");
  deepEqual(preloaded, modules.sort());
});

Deno.test("nothing on the page makes markup of text, and nothing is kept for longer than the tab is there", () => {
  for (const [path, { text }] of pageFiles()) {
    const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    for (
      const word of [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "DOMParser",
        "localStorage",
        "document.cookie",
        "createContextualFragment",
        "srcdoc",
        "setHTML",
      ]
    ) {
      equal(code.includes(word), false, `${path} has ${word}`);
    }
    if (path === "index.html") {
      equal(/<script(?![^>]*src=)|<style|\son\w+=|\sstyle=/.test(code), false, "nothing inline");
    }
  }
});
