/** The kind of the conformance tests twice: as it is served here, and as a CustomResourceDefinition. */
import type { ResourceDefinition } from "../../../src/aggregated/serving/mod.ts";
import { type Gadget, writableGadgetDefinition } from "../../../src/aggregated/serving/testing/gadgets.ts";

/** The gadgets of the other tests, with cells and fields that are empty where the object has none, as a CRD has them. */
export const twinDefinition: ResourceDefinition<Gadget> = {
  ...writableGadgetDefinition,
  columns: [
    { name: "Color", type: "string", description: "What it looks like.", value: ({ spec }) => spec.color },
    {
      name: "Size",
      type: "integer",
      format: "int64",
      description: "How large it is.",
      priority: 1,
      value: ({ spec }) => spec.size,
    },
    {
      name: "Running",
      type: "boolean",
      description: "Whether it runs.",
      value: ({ spec }) => spec.running,
    },
    {
      name: "Used",
      type: "date",
      description: "Time since it was used.",
      priority: 1,
      value: ({ status }) => status?.usedAt,
    },
    {
      name: "Age",
      type: "date",
      description: "Time since it was made.",
      value: ({ metadata }) => metadata.creationTimestamp,
    },
  ],
  selectableFields: {
    "spec.color": ({ spec }) => spec.color,
    "spec.running": ({ spec }) => spec.running === undefined ? "" : String(spec.running),
  },
};

const text = (description: string, more: object = {}) => ({ type: "string", description, ...more });

const CONDITION = {
  type: "object",
  required: ["type", "status", "lastTransitionTime", "reason", "message"],
  properties: {
    type: text("The type."),
    status: text("The status."),
    observedGeneration: { type: "integer", format: "int64" },
    lastTransitionTime: text("When it changed.", { format: "date-time" }),
    reason: text("Why."),
    message: text("In words."),
  },
};

/** The same kind for kube-apiserver itself to serve. */
export function gadgetCrd(group: string) {
  const { type, singular, shortNames, categories, columns, selectableFields } = twinDefinition;
  const paths: Record<string, string> = {
    Color: ".spec.color",
    Size: ".spec.size",
    Running: ".spec.running",
    Used: ".status.usedAt",
    Age: ".metadata.creationTimestamp",
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${type.plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: {
        kind: type.kind,
        listKind: `${type.kind}List`,
        plural: type.plural,
        singular,
        shortNames,
        categories,
      },
      versions: [{
        name: type.version,
        served: true,
        storage: true,
        additionalPrinterColumns: columns.map(({ name, type, format, description, priority }) => ({
          name,
          type,
          ...(format === undefined ? {} : { format }),
          description,
          ...(priority === undefined ? {} : { priority }),
          jsonPath: paths[name],
        })),
        subresources: { status: {} },
        selectableFields: Object.keys(selectableFields).map((field) => ({ jsonPath: `.${field}` })),
        schema: { openAPIV3Schema: SCHEMA },
      }],
    },
  };
}

const SCHEMA = {
  type: "object",
  description: twinDefinition.description,
  required: ["spec"],
  properties: {
    spec: {
      type: "object",
      description: "What the gadget should be.",
      required: ["color"],
      properties: {
        color: text("The color, such as red.", { enum: ["red", "green", "blue"] }),
        size: { type: "integer", format: "int64", description: "The size, in millimetres.", minimum: 0 },
        running: { type: "boolean", description: "Whether it should run." },
        parts: {
          type: "object",
          description: "The content of its parts, by name.",
          additionalProperties: { type: "string" },
        },
        tags: {
          type: "array",
          description: "What it is known for.",
          "x-kubernetes-list-type": "set",
          items: text("One tag."),
        },
      },
    },
    status: {
      type: "object",
      description: "What the gadget is.",
      properties: {
        phase: text("Where it is in its life."),
        usedAt: text("When it was last used.", { format: "date-time", nullable: true }),
        conditions: {
          type: "array",
          description: "What is the case.",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["type"],
          items: CONDITION,
        },
      },
    },
  },
};
