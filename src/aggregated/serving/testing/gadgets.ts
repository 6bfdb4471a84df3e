/** A kind that is nobody's, with a field of each sort. For tests alone. */
import { embedded, flag, group, int64, list, optional, text, textMap, time } from "../../../api/field.ts";
import { z } from "zod";
import type { Condition } from "../../../api/kubernetes/types.ts";
import type { KubeObject, ResourceType } from "../../../api/object.ts";
import type { ResourceDefinition } from "../storage.ts";

export interface Gadget extends KubeObject {
  spec: { color: string; size?: number; running?: boolean };
  status?: { phase?: string; usedAt?: string | null; conditions?: Condition[] };
}

export const GROUP_VERSION = { group: "gadgets.coder.test", version: "v1alpha1" } as const;

export const Gadgets: ResourceType<Gadget> = {
  ...GROUP_VERSION,
  kind: "Gadget",
  plural: "gadgets",
  namespaced: true,
};

export const gadgetDefinition: ResourceDefinition<Gadget> = {
  type: Gadgets,
  singular: "gadget",
  shortNames: ["gdt"],
  categories: ["gadgetry"],
  description: "Gadget is a thing that tests look at.",
  verbs: ["get", "list", "watch"],
  columns: [
    { name: "Color", type: "string", description: "What it looks like.", value: ({ spec }) => spec.color },
    {
      name: "Size",
      type: "integer",
      description: "How large it is.",
      priority: 1,
      value: ({ spec }) => spec.size,
    },
    {
      name: "Running",
      type: "boolean",
      description: "Whether it runs.",
      value: ({ spec }) => spec.running ?? false,
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
    "spec.running": ({ spec }) => String(spec.running ?? false),
  },
  schema: {
    spec: group("What the gadget should be.", {
      color: text("The color, such as red.", { enum: ["red", "green", "blue"] }),
      size: optional(int64("The size, in millimetres.", { minimum: 0 })),
      running: optional(flag("Whether it should run.")),
      parts: optional(textMap("The content of its parts, by name.")),
      tags: list("What it is known for.", text("One tag."), { "x-kubernetes-list-type": "set" }),
    }),
    status: optional(group("What the gadget is.", {
      phase: optional(text("Where it is in its life.")),
      usedAt: optional(
        z.nullable(time("When it was last used.")).meta({ description: "When it was last used." }),
      ),
      conditions: optional(list("What is the case.", embedded("Condition"), {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
      })),
    })),
  },
};

/** The same kind with all verbs, for who writes, or wants to be looked at by who deletes. */
export const writableGadgetDefinition: ResourceDefinition<Gadget> = {
  ...gadgetDefinition,
  verbs: ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"],
};

/** The same kind in a group of its own, for clusters that several tests share. */
export function inGroup(
  group: string,
  definition: ResourceDefinition<Gadget> = gadgetDefinition,
): ResourceDefinition<Gadget> {
  return { ...definition, type: { ...definition.type, group } };
}

/** @param color @default {"red"} */
export function gadget(
  namespace: string,
  name: string,
  options: {
    color?: string;
    labels?: Record<string, string>;
    running?: boolean;
    size?: number;
    phase?: string;
  } = {},
): Gadget {
  const { color = "red", labels, running, size, phase } = options;
  return {
    apiVersion: "gadgets.coder.test/v1alpha1",
    kind: "Gadget",
    metadata: {
      name,
      namespace,
      uid: crypto.randomUUID(),
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...(labels === undefined ? {} : { labels }),
    },
    spec: {
      color,
      ...(size === undefined ? {} : { size }),
      ...(running === undefined ? {} : { running }),
    },
    ...(phase === undefined ? {} : { status: { phase } }),
  };
}
