/** Documents name what the program has. */
import { deepEqual, match, ok } from "node:assert/strict";
import { aggregatedDefinitions } from "../../src/api/aggregated_kinds.ts";
import { optionMeta } from "../../src/cli/option_meta.ts";
import { settingsSchema } from "../../src/cli/schema.ts";

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

for (
  const [part, file, least] of [
    ["Aggregated API server", "docs/aggregated-api.md", 15],
    ["MCP server", "docs/mcp.md", 30],
  ] as const
) {
  Deno.test(`every flag under ${part} is in its document, with its default`, async () => {
    const document = await read(file);
    const [, flagsAndMore = ""] = document.split("\n## Flags\n");
    const rows = flagsAndMore.split("\n").filter((line) => line.startsWith("| `--"));
    let flags = 0;
    for (const [key, schema] of Object.entries(settingsSchema.shape)) {
      const { group, defaultText } = optionMeta.get(schema) ?? {};
      if (group !== part || key.startsWith("templateBuild")) continue;
      flags++;
      const flag = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      const row = rows.find((line) => line.includes(`\`${flag}\``));
      ok(row !== undefined, `${flag} is not in ${file}`);
      const given = schema._zod.def.type === "prefault" ? String(schema._zod.def.defaultValue) : "";
      const isSaid = row.includes(`\`${given}\``) || (defaultText !== undefined && row.includes(defaultText));
      if (given !== "") ok(isSaid, `${flag}: its default ${given} is not in ${row}`);
    }
    ok(flags >= least, String(flags));
  });
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
