/** The schemas of everything that is served, by name. */
import { apiVersionOf, type ResourceType } from "../../../api/object.ts";
import { metaDefinitions } from "../../../api/kubernetes/meta_definitions.ts";
import type { AnyStorage, ResourceDefinition } from "../storage.ts";
import { metaRef, REF, type Schema, schemaOf } from "./schema.ts";

/** `com.coder.aggregation.v1alpha1.CoderWorkspace`: the group backwards, as Kubernetes names its own. */
export function definitionName({ group, version, kind }: ResourceType): string {
  return [...group.split(".").reverse(), version, kind].join(".");
}

/** How operations and definitions say which kind they are about. */
export function groupVersionKind({ group, version, kind }: ResourceType) {
  return { group, kind, version };
}

/** Every kind with its list, and whatever those refer to; references as in version 2. */
export function definitions(storages: readonly AnyStorage[]): Record<string, Schema> {
  const own = storages.flatMap(({ definition }) => {
    const name = definitionName(definition.type);
    return [[name, kindSchema(definition)], [`${name}List`, listSchema(definition)]] as const;
  });
  return Object.fromEntries([...own, ...Object.entries(metaDefinitions)]);
}

function kindSchema({ type, description, schema }: ResourceDefinition): Schema {
  const fields = Object.entries(schema).map(([name, field]) => [name, schemaOf(field)] as const);
  return {
    type: "object",
    description,
    properties: {
      ...identity(apiVersionOf(type), type.kind),
      metadata: { ...metaRef("ObjectMeta"), description: "Name, namespace, labels and the like." },
      ...Object.fromEntries(fields),
    },
    "x-kubernetes-group-version-kind": [groupVersionKind(type)],
  };
}

function listSchema({ type }: ResourceDefinition): Schema {
  const kind = `${type.kind}List`;
  return {
    type: "object",
    description: `A list of objects of the kind ${type.kind}.`,
    required: ["items"],
    properties: {
      ...identity(apiVersionOf(type), kind),
      metadata: { ...metaRef("ListMeta"), description: "The version of the list, and where it goes on." },
      items: {
        type: "array",
        description: "The objects, by namespace and name.",
        items: { $ref: `${REF}${definitionName(type)}` },
      },
    },
    "x-kubernetes-group-version-kind": [groupVersionKind({ ...type, kind })],
  };
}

function identity(apiVersion: string, kind: string): Record<string, Schema> {
  return {
    apiVersion: { type: "string", description: `Always ${apiVersion}.` },
    kind: { type: "string", description: `Always ${kind}.` },
  };
}
