import assert from "node:assert/strict";
import { createCatalog } from "../catalog.ts";
import { TEMPLATE_TOOLS } from "./template_tools.ts";

interface Listing {
  readonly description: string;
  readonly inputSchema: {
    readonly properties: Record<string, { description?: string }>;
    readonly required: string[];
  };
  readonly outputSchema: {
    readonly properties: Record<string, { properties?: object; items?: { properties: object } }>;
  };
  readonly annotations: Record<string, boolean>;
}

const catalogOf = (options: Partial<Parameters<typeof createCatalog>[0]> = {}) =>
  createCatalog({ tools: TEMPLATE_TOOLS, toolsets: ["core", "templates"], ...options });
const listingOf = (name: string) => catalogOf().get(name)!.listing as unknown as Listing;

Deno.test("three of the tools are of the core, the others are chosen", () => {
  const core = catalogOf({ toolsets: ["core"] }).tools.map(({ name }) => name);
  assert.deepEqual(core, ["get_template", "list_templates", "set_template_running"]);
  assert.deepEqual(catalogOf({ toolsets: ["templates"] }).tools.map(({ name }) => name), [
    "diff_template_versions",
    "get_template_version_log",
    "list_template_versions",
    "promote_template_version",
    "push_template_version",
    "roll_back_template",
  ]);
});

Deno.test("where nothing may be changed, what changes something is not there", () => {
  assert.deepEqual(catalogOf({ readOnly: true }).tools.map(({ name }) => name), [
    "diff_template_versions",
    "get_template",
    "get_template_version_log",
    "list_template_versions",
    "list_templates",
  ]);
});

Deno.test("inputs and outputs of the Go server's three tools are there under their names", () => {
  const fields = ["name", "namespace", "running", "autoShutdown"];
  const hasAll = (properties: object | undefined) => fields.every((field) => field in (properties ?? {}));
  const list = listingOf("list_templates");
  assert.ok(
    "namespace" in list.inputSchema.properties && !(list.inputSchema.required ?? []).includes("namespace"),
  );
  assert.ok(hasAll(list.outputSchema.properties["items"]?.items?.properties));
  const get = listingOf("get_template");
  assert.deepEqual(get.inputSchema.required, ["namespace", "name"]);
  assert.ok(hasAll(get.outputSchema.properties["template"]?.properties));
  const set = listingOf("set_template_running");
  assert.deepEqual(set.inputSchema.required, ["namespace", "name", "running"]);
  assert.ok(
    "updated" in set.outputSchema.properties && hasAll(set.outputSchema.properties["template"]?.properties),
  );
});

Deno.test("every tool says what it does, in few words, and what it may do", () => {
  for (const { name, tool, listing } of catalogOf().tools) {
    const { description, annotations, inputSchema } = listing as unknown as Listing;
    assert.ok(description.length > 10 && description.length < 130, name);
    assert.equal(annotations["readOnlyHint"], tool.kind === "read", name);
    assert.equal(annotations["destructiveHint"], tool.kind === "read" ? undefined : false, name);
    assert.equal("planToken" in inputSchema.properties, tool.kind === "change", name);
    const most = tool.toolset === "core" ? 1_200 : 1_500;
    assert.ok(JSON.stringify(listing).length < most, `${name}: ${JSON.stringify(listing).length}`);
  }
});
