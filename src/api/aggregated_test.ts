import assert from "node:assert/strict";
import { z } from "zod";
import type { AggregatedDefinition } from "./aggregated.ts";
import { aggregatedDefinitions } from "./aggregated_kinds.ts";
import { kindDefinitions } from "./kinds.ts";
import { templateDefinition } from "./template.ts";
import { workspaceDefinition } from "./workspace.ts";

/** A JSON schema as it is looked at here. */
interface Node {
  readonly description?: string;
  readonly kubernetes?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
}

const json = (schema: z.ZodType) => z.toJSONSchema(schema, { io: "output", unrepresentable: "any" }) as Node;

function schemaOf({ spec, status }: AggregatedDefinition): Node {
  return { properties: { spec: json(spec), status: json(status) } };
}

/** The schema of `.status.health.healthy`; undefined where there is no such field. */
function at(node: Node, jsonPath: string): Node | undefined {
  return jsonPath.replace(/^\./, "").split(".").reduce<Node | undefined>(
    (found, part) => found?.properties?.[part],
    node,
  );
}

function undescribed(node: Node, path: string): string[] {
  const here = node.description === undefined || !/[.\]]$/.test(node.description) ? [path] : [];
  const fields = Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    undescribed(child, `${path}.${name}`)
  );
  const item = node.items?.properties === undefined ? [] : undescribed(node.items, `${path}[]`);
  return [...here, ...fields, ...item];
}

Deno.test("every field of the kinds from Coder is described in a sentence", () => {
  for (const definition of aggregatedDefinitions) {
    const { spec, status } = schemaOf(definition).properties!;
    assert.deepEqual([...undescribed(spec!, "spec"), ...undescribed(status!, "status")], []);
    assert.match(definition.description, /\.$/);
  }
});

Deno.test("columns and selectable fields are fields that there are", () => {
  for (const definition of aggregatedDefinitions) {
    const schema = schemaOf(definition);
    for (const { name, jsonPath, description } of definition.columns) {
      assert.ok(jsonPath === ".metadata.creationTimestamp" || at(schema, jsonPath), `${name}: ${jsonPath}`);
      assert.match(description, /\.$/);
    }
    for (const field of definition.selectableFields) assert.ok(at(schema, field), field);
  }
});

Deno.test("kubectl get shows what a person wants, the rest with -o wide", () => {
  const shown = ({ columns }: AggregatedDefinition) =>
    columns.filter(({ priority = 0 }) => priority === 0).map(({ name }) => name);
  assert.deepEqual(shown(workspaceDefinition), ["Organization", "Owner", "Template", "Status", "Age"]);
  assert.deepEqual(shown(templateDefinition), ["Organization", "Display Name", "Updated", "Age"]);
});

Deno.test("short names are those that were promised, and nobody else's", () => {
  const names = aggregatedDefinitions.flatMap(({ shortNames }) => shortNames);
  assert.deepEqual(names, ["ctpl", "cws"]);
  const others = kindDefinitions.flatMap(({ shortNames }) => shortNames);
  assert.deepEqual(names.filter((name) => others.includes(name)), []);
  for (const { categories } of aggregatedDefinitions) assert.deepEqual(categories, ["coder"]);
});

Deno.test("the kinds are those of the Go server", () => {
  const facts = aggregatedDefinitions.map(({ resource, singular }) => [
    `${resource.plural}.${resource.version}.${resource.group}`,
    resource.kind,
    singular,
    resource.namespaced,
  ]);
  assert.deepEqual(facts, [
    ["codertemplates.v1alpha1.aggregation.coder.com", "CoderTemplate", "codertemplate", true],
    ["coderworkspaces.v1alpha1.aggregation.coder.com", "CoderWorkspace", "coderworkspace", true],
  ]);
});

Deno.test("the fields of the Go server are all there, with their types", () => {
  const workspace = schemaOf(workspaceDefinition);
  const template = schemaOf(templateDefinition);
  const type = (node: Node | undefined) => node?.type ?? node?.anyOf?.map(({ type }) => type).join("|");
  const of = (schema: Node, paths: string) =>
    paths.split(" ").map((path) => `${path}:${type(at(schema, path))}`).join(" ");
  assert.equal(
    of(workspace, "spec.organization spec.templateName spec.templateVersionID spec.autostartSchedule"),
    "spec.organization:string spec.templateName:string spec.templateVersionID:string spec.autostartSchedule:string",
  );
  assert.equal(of(workspace, "spec.running spec.ttlMillis"), "spec.running:boolean spec.ttlMillis:integer");
  assert.equal(
    of(workspace, "status.id status.latestBuildID status.autoShutdown status.lastUsedAt"),
    "status.id:string status.latestBuildID:string status.autoShutdown:string status.lastUsedAt:string",
  );
  assert.equal(
    of(template, "spec.organization spec.versionID spec.displayName spec.description spec.icon spec.files"),
    "spec.organization:string spec.versionID:string spec.displayName:string spec.description:string spec.icon:string spec.files:object",
  );
  assert.equal(
    of(template, "spec.running status.deprecated status.updatedAt status.autoShutdown"),
    "spec.running:boolean status.deprecated:boolean status.updatedAt:string status.autoShutdown:string",
  );
});

Deno.test("what a person writes may leave nearly everything out", () => {
  assert.deepEqual(workspaceDefinition.spec.parse({}), {});
  assert.deepEqual(templateDefinition.spec.parse({}), {});
});
