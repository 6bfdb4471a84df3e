/** What is told of a kind in discovery and OpenAPI. */
import { fill, type Twin } from "./twins.ts";

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

// deno-lint-ignore no-explicit-any -- documents of any content
export type Document = any;

export async function read(twin: Twin, path: string, accept = "application/json"): Promise<Document> {
  const { code, text } = await twin.caller.call({ path: fill(path, twin), headers: { accept } });
  if (code !== 200) throw new Error(`${path} answers ${code}: ${text}`);
  return JSON.parse(text);
}

/** The group of a twin in aggregated discovery. */
export async function discoveredGroup(twin: Twin): Promise<Document> {
  const { items } = await read(twin, "/apis", AGGREGATED);
  const group = items.find(({ metadata }: Document) => metadata.name === twin.group);
  for (const { resources } of group.versions) {
    // Of built-in kinds empty texts stand for the group and the version that they are listed under.
    for (const { responseKind, subresources = [] } of resources) {
      for (const kind of [responseKind, ...subresources.map(({ responseKind }: Document) => responseKind)]) {
        kind.group = kind.version = "";
      }
    }
  }
  return group;
}

/** What the kind is called in OpenAPI. */
export function definitionName({ group }: Twin): string {
  return `${backwards(group)}.v1alpha1.Gadget`;
}

/** A document without the name of the group, whichever way it is written. */
export function withoutGroup(document: Document, { group }: Twin): Document {
  const names = [group, backwards(group), pascal(group)];
  const text = names.reduce((text, name) => text.replaceAll(name, "GROUP"), JSON.stringify(document));
  return JSON.parse(text);
}

function backwards(group: string): string {
  return group.split(".").reverse().join(".");
}

function pascal(group: string): string {
  return group.split(".").map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
}

/** What programs go by: on which paths objects are read and written, of what kind, with which parameters and bodies. */
export function operationsOf({ paths }: Document): Record<string, unknown> {
  const operations: Record<string, unknown> = {};
  for (const [path, item] of Object.entries<Document>(paths)) {
    for (const [method, operation] of Object.entries<Document>(item)) {
      // That of built-in kinds tells of discovery, too; that of custom resources does not.
      if (!METHODS.has(method) || path.endsWith("/")) continue;
      const action = operation["x-kubernetes-action"];
      const isMore = ({ name }: Document) => MORE[action]?.parameters?.includes(name) === true;
      operations[`${method} ${path}`] = {
        id: operation.operationId,
        kind: operation["x-kubernetes-group-version-kind"],
        action,
        parameters: [...item.parameters ?? [], ...operation.parameters ?? []]
          .filter((parameter) => !isMore(parameter) && !NEWER.has(parameter.name))
          .map(({ name, in: where, required = false, schema: { type } }: Document) =>
            `${where} ${name} ${type} ${required}`
          ).toSorted(),
        body: MORE[action]?.hasBody === true ? undefined : bodyOf(operation),
        answers: Object.entries<Document>(operation.responses ?? {})
          .filter(([code]) => MORE[action]?.codes?.includes(code) !== true)
          .map(([code, { content = {} }]) => [code, schemasIn(content)]),
      };
    }
  }
  return operations;
}

/** Parameters that kube-apiserver has from a later version on; who asks is told by the answer that they were not heard. */
const NEWER = new Set(["shardSelector"]);

const METHODS = new Set(["get", "post", "put", "patch", "delete"]);

/** What only one side tells of an action, and built-in kinds do, unless otherwise said. */
const MORE: Readonly<
  Record<string, { parameters?: readonly string[]; codes?: readonly string[]; hasBody?: boolean }>
> = {
  // Of custom resources this is left out, and taken all the same.
  deletecollection: {
    parameters: ["dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"],
    hasBody: true,
  },
  // An apply may create.
  patch: { codes: ["201"] },
  // It is about objects that etcd cannot read.
  delete: { parameters: ["ignoreStoreReadErrorWithClusterBreakingPotential"] },
};

function bodyOf({ requestBody }: Document): unknown {
  if (requestBody === undefined) return undefined;
  const { content, required = false } = requestBody;
  return { required, content: schemasIn(content) };
}

/** Watches are no media type of custom resources; what a patch is made of is said by a name there, and here not at all. */
function schemasIn(content: Document): string[] {
  return Object.entries<Document>(content)
    .filter(([type]) => !type.includes("stream=watch"))
    .map(([type, { schema }]) => `${type} ${type.includes("patch") ? "" : schema.$ref}`).toSorted();
}
