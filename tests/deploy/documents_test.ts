/** Documents name what the program has. */
import { deepEqual, match, ok } from "node:assert/strict";
import { aggregatedDefinitions } from "../../src/api/aggregated_kinds.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const read = (path: string) => Deno.readTextFile(`${root}/${path}`);

/** Files below a folder, tests and what only they use aside. */
async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(`${root}/${folder}`)) {
    const path = `${folder}/${name}`;
    if (isDirectory) {
      if (name !== "testing") yield* sources(path);
    } else if (name.endsWith(".ts") && !name.endsWith("_test.ts")) yield path;
  }
}

Deno.test("every figure is in the list of figures", async () => {
  const document = await read("docs/metrics.md");
  const names: string[] = [];
  for (
    const folder of [
      "src/aggregated",
      "src/identity",
      "src/inventory",
      "src/shadow",
      "src/mcp",
      "src/sessions",
      "src/ui",
      "src/app",
    ]
  ) {
    for await (const path of sources(folder)) {
      const text = await read(path);
      for (const [, name = ""] of text.matchAll(/\.(?:counter|gauge|histogram)\(\s*"([a-z0-9_]+)"/g)) {
        names.push(name);
      }
    }
  }
  ok(names.length >= 12, names.join());
  deepEqual(names.filter((name) => !document.includes(`\`${name}\``)), []);
});

Deno.test("short names, selectable fields and conditions are in the document of the aggregated API", async () => {
  const document = await read("docs/aggregated-api.md");
  for (const { resource, shortNames, selectableFields } of aggregatedDefinitions) {
    for (const word of [resource.plural, ...shortNames, ...selectableFields]) {
      ok(document.includes(`\`${word}\``), word);
    }
  }
  const convert = "src/aggregated/convert";
  const files = ["workspace_conditions", "workspace_wish", "template_conditions"].map((name) =>
    read(`${convert}/${name}.ts`)
  );
  const conditions = (await Promise.all(files)).join("\n");
  const reasons = [...conditions.matchAll(/(?:reason: |no\(|[:?] \[|return \[)"([A-Z][A-Za-z]+)"/g)].map((
    [, reason],
  ) => reason);
  ok(reasons.length >= 18, reasons.join());
  const undocumented = reasons.filter((reason) =>
    !["Dormant", "NewerVersion", "Running"].includes(reason ?? "")
  )
    .filter((reason) => !document.includes(`\`${reason}\``));
  deepEqual(undocumented, []);
});

Deno.test("manifests that documents name are there", async () => {
  for (const path of ["README.md", "docs/aggregated-api.md", "docs/takeover.md"]) {
    for (const [file] of (await read(path)).matchAll(/deploy\/[a-z/-]+\.yaml/g)) {
      match(await read(file), /^kind: /m);
    }
  }
});
