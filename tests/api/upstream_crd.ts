/**
 * The definitions as the Go operator's release has them, made from ours by taking away what is new: rules and limits,
 * the scale subresource, defaults of replicas, new status fields, list types, names and columns.
 */
import type { CustomResourceDefinition } from "../../src/api/kubernetes/types.ts";
import { type Node, type Plural, readCrd, schemaOf } from "./crds.ts";

/** Limits that the Go operator's schema has too, by kind and path. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  "coderprovisioners:organizationName": ["maxLength"],
  "coderprovisioners:key.name": ["maxLength"],
  "coderprovisioners:key.secretName": ["maxLength"],
  "coderprovisioners:key.secretKey": ["maxLength"],
  "codercontrolplanes:expose": ["x-kubernetes-validations"],
  "codercontrolplanes:envFrom": ["x-kubernetes-validations"],
  "codercontrolplanes:expose.gateway.parentRefs": ["minItems"],
};

const LIMITS = [
  "pattern",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "enum",
  "x-kubernetes-validations",
];

const NEW_STATUS: Readonly<Record<Plural, readonly string[]>> = {
  codercontrolplanes: [],
  coderprovisioners: ["replicas", "selector", "image", "key", "keyIntents"],
  coderworkspaceproxies: [
    "replicas",
    "selector",
    "image",
    "registration",
    "registrationIntent",
    "formerRegistrations",
    "health",
    "version",
    "accessURL",
    "wildcardHostname",
    "internalURL",
    "externalURL",
  ],
};

/** The definition that a cluster has before it is upgraded. */
export function upstreamCrd(plural: Plural): CustomResourceDefinition {
  const crd = readCrd(plural);
  const schema = schemaOf(crd);
  delete schema["x-kubernetes-validations"];
  strip(schema.properties.spec, "", plural);
  const { spec, status } = schema.properties;
  if (plural !== "codercontrolplanes") delete spec.properties.replicas.default;
  for (const field of NEW_STATUS[plural]) delete status.properties[field];
  delete status.properties.conditions["x-kubernetes-list-type"];
  delete status.properties.conditions["x-kubernetes-list-map-keys"];
  const version = crd.spec.versions[0]!;
  version.subresources = { status: {} };
  delete version.additionalPrinterColumns;
  delete crd.spec.names.shortNames;
  delete crd.spec.names.categories;
  return crd;
}

function strip(node: Node, path: string, plural: Plural): void {
  const kept = KEPT[`${plural}:${path}`] ?? [];
  // The pattern of quantities comes with the Kubernetes type.
  const limits = node["x-kubernetes-int-or-string"] ? ["x-kubernetes-validations"] : LIMITS;
  for (const key of limits) if (!kept.includes(key)) delete node[key];
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    strip(child, path === "" ? name : `${path}.${name}`, plural);
  }
  if (node.items) strip(node.items, `${path}[]`, plural);
  if (typeof node.additionalProperties === "object") strip(node.additionalProperties, `${path}.*`, plural);
}
