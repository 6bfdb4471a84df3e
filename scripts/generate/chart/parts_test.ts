/** The smaller generators: CRDs, version, comments of values, the table, schemas. */
import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { readExtract } from "../kubernetes/document.ts";
import { crdTemplate, crdTemplates } from "./crds.ts";
import { documentedValues } from "./documented.ts";
import { valuesTable, withValues } from "./readme.ts";
import { valuesJsonSchema } from "./schema.ts";
import { coordinatorJsonSchema, type JsonSchema, SET_BY_CHART, settingsJsonSchema } from "./settings.ts";
import { withVersion } from "./version.ts";

const root = new URL("../../../", import.meta.url).pathname.replace(/\/$/, "");
const CRD =
  "# Generated. Do not edit.\nkind: CRD\nmetadata:\n name: things.coder.com\nspec:\n text: '{{ x }}'\n";

Deno.test("a CRD becomes a template that stays when the release goes", () => {
  const text = crdTemplate("crd/x_things.yaml", CRD);
  match(text, /^\{\{- \/\* Generated .* \*\/\}\}\n\{\{- if \$\.Values\.crds\.install \}\}\n---\nkind: CRD\n/);
  match(text, / name: things\.coder\.com\n labels:\n/);
  match(
    text,
    /\{\{- if \$\.Values\.crds\.keep \}\}\n annotations:\n {2}helm\.sh\/resource-policy: keep\n \{\{- end \}\}/,
  );
  ok(text.includes(`'{{ "{{" }} x }}'`), "text is not an action");
  match(text, /\{\{- end \}\}\n$/);
});

Deno.test("a CRD with more metadata, or an odd name of its file, is refused", () => {
  throws(
    () => crdTemplate("crd/x_things.yaml", CRD.replace("spec:", " labels: {}\nspec:")),
    /beside its name/,
  );
  throws(
    () => crdTemplates("c", [{ path: "crd/things.yml", content: CRD }]),
    /is not called GROUP_PLURAL\.yaml/,
  );
  const [made] = crdTemplates("c", [{ path: "crd/coder.com_things.yaml", content: CRD }]);
  equal(made?.path, "c/templates/crds/things.yaml");
});

Deno.test("the chart has the version of deno.json", () => {
  const chart = 'name: x\nversion: 0.0.0\nappVersion: "0.0.0"\nkubeVersion: ">=1.32.0-0"\n';
  equal(
    withVersion(chart, "1.2.3"),
    'name: x\nversion: 1.2.3\nappVersion: "1.2.3"\nkubeVersion: ">=1.32.0-0"\n',
  );
  throws(() => withVersion("name: x\n", "1.2.3"), /no line "version:"/);
});

const VALUES = `# About the file.

# How many | there are,
# at most.
replicas: null
# A section.
image:
  # Where <it> is.
  repository: x/y
  # Free.
  labels: {}
`;

Deno.test("comments of values are their text, also that of the first in a section", () => {
  deepEqual(
    documentedValues(VALUES).map(({ path, text, isSection }) => [path.join("."), text, isSection]),
    [
      ["replicas", "How many | there are, at most.", false],
      ["image", "A section.", true],
      ["image.repository", "Where <it> is.", false],
      ["image.labels", "Free.", false],
    ],
  );
  deepEqual(documentedValues(VALUES)[2]?.default, "x/y");
  throws(() => documentedValues("- a"), /is no map/);
  throws(() => documentedValues("a: [1"), /values\.yaml: /);
});

Deno.test("the table has each value, its text and its default", () => {
  const table = valuesTable(documentedValues(VALUES)).split("\n");
  equal(table[2], "| `replicas` | How many \\| there are, at most. | `null` |");
  equal(table[3], '| `image.repository` | Where &lt;it> is. | `"x/y"` |');
  equal(table.length, 6);
  const marks = [
    '<!-- values: generated from values.yaml by "deno task generate" -->',
    "<!-- end of values -->",
  ];
  const readme = withValues(`before\n${marks.join("\nold\n")}\nafter\n`, documentedValues(VALUES));
  ok(readme.startsWith("before\n") && readme.endsWith("\nafter\n") && !readme.includes("old"));
  throws(() => withValues("nothing", []), /has no <!-- values/);
});

const properties = (schema: JsonSchema) => schema["properties"] as Record<string, JsonSchema>;

Deno.test("settings have the types that the program reads", () => {
  const own = properties(settingsJsonSchema());
  deepEqual(own["debug"]?.["type"], "boolean");
  deepEqual(own["logLevel"]?.["enum"], ["debug", "info", "warn", "error"]);
  const { type, minimum, maximum } = own["concurrency"] ?? {};
  deepEqual([type, minimum, maximum], ["integer", 1, 256]);
  equal(own["kubeApiQps"]?.["type"], "number");
  equal(own["mcpToolsets"]?.["type"], "array");
  equal(own["controlPlaneEndpoint"]?.["type"], "object");
  match(String(own["requestTimeout"]?.["description"]), /Default: 60s\.$/);
  const duration = new RegExp(String(own["requestTimeout"]?.["pattern"]));
  for (const good of ["60s", "1m30s", "250ms", "0", "1.5h"]) ok(duration.test(good), good);
  for (const bad of ["60", "soon", "", "1 m"]) ok(!duration.test(bad), bad);
});

Deno.test("settings of the chart's own, and secrets, are none of the file's", () => {
  const own = properties(settingsJsonSchema());
  for (const key of [...Object.keys(SET_BY_CHART), "coderSessionToken"]) equal(own[key], undefined, key);
  const coordinator = properties(coordinatorJsonSchema());
  deepEqual(Object.keys(coordinator).sort(), ["audit", "sandbox", "server", "session", "worker"]);
  const server = properties(coordinator["server"] ?? {});
  for (const key of ["coder_session_token", "bind_address", "config", "stdio"]) {
    equal(server[key], undefined, key);
  }
  equal(server["auth"]?.["type"], "array");
  deepEqual(properties(coordinator["session"] ?? {})["checkpoint_bytes"]?.["type"], ["string", "integer"]);
});

Deno.test("schema and values have the same names, each with its comment", async () => {
  const extract = await readExtract(root);
  const documented = documentedValues(await Deno.readTextFile(`${root}/charts/coder-k8s/values.yaml`));
  const schema = valuesJsonSchema(extract, documented);
  equal(schema["additionalProperties"], false);
  const { mode, image, tolerations, config } = properties(schema);
  match(String(mode?.["description"]), /^What runs: `all` is one Deployment/);
  equal(image?.["additionalProperties"], false);
  equal(image?.["required"], undefined, "a value that is not given has its default");
  deepEqual((properties(tolerations?.["items"] as JsonSchema))["key"], { type: "string" });
  equal(config?.["additionalProperties"], false);
  const without = documented.filter(({ path }) => path.join(".") !== "mcp.ingress.host");
  throws(() => valuesJsonSchema(extract, without), /values\.yaml does not have mcp\.ingress\.host/);
  const more = { path: ["more"], text: "More.", default: 1, isSection: false };
  throws(() => valuesJsonSchema(extract, [...documented, more]), /the schema does not have more/);
  const mute = documented.map((value) => value.path[0] === "size" ? { ...value, text: "" } : value);
  throws(() => valuesJsonSchema(extract, mute), /size has no comment/);
});
