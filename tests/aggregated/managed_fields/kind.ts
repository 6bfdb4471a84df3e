/** A kind in which everything occurs that managed fields know, as our kinds are made; and its CRD. */
import { z } from "zod";
import { flag, group, int32, optional, text } from "../../../src/api/field.ts";
import type { ResourceType } from "../../../src/api/object.ts";
import { conditions } from "../../../src/api/shared.ts";
import { schemaOf } from "../../../src/aggregated/serving/openapi/schema.ts";
import { metaDefinitions } from "../../../src/api/kubernetes/meta_definitions.ts";
import { type Cluster, RestError, waitFor } from "../../cluster/mod.ts";

const texts = () => z.record(z.string(), z.string());

const port = group("A port.", {
  port: int32("Number."),
  protocol: text("Protocol."),
  name: optional(text("Name.")),
  labels: optional(texts()),
  hosts: optional(z.array(z.string()).meta({ "x-kubernetes-list-type": "set" })),
});

const spec = group("Everything that there is.", {
  title: optional(text("A value.")),
  replicas: optional(int32("Another value.")),
  enabled: optional(flag("One more.")),
  size: optional(z.custom<number | string>().meta({ "x-kubernetes-int-or-string": true })),
  limits: optional(texts()),
  files: optional(texts().meta({ "x-kubernetes-map-type": "atomic" })),
  args: optional(z.array(z.string())),
  tags: optional(z.array(z.string()).meta({ "x-kubernetes-list-type": "set" })),
  numbers: optional(z.array(z.int32()).meta({ "x-kubernetes-list-type": "set" })),
  ports: optional(
    z.array(port).meta({
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["port", "protocol"],
    }),
  ),
  groups: optional(
    z.record(z.string(), group("A group.", { a: optional(text("One.")), b: optional(text("Two.")) })),
  ),
  placement: optional(group("Where.", { zone: optional(text("Zone.")), limits: optional(texts()) })),
  origin: optional(
    group("From where.", { host: optional(text("Host.")), path: optional(text("Path.")) }, {
      "x-kubernetes-map-type": "atomic",
    }),
  ),
  extra: optional(
    z.custom<Record<string, unknown>>().meta({
      type: "object",
      "x-kubernetes-preserve-unknown-fields": true,
    }),
  ),
});

const status = group("What is.", { phase: optional(text("Phase.")), conditions: conditions("Aspects.") });

/** As a `ResourceDefinition` has it. */
export const schema = { spec: optional(spec), status: optional(status) };

export function thingType(group: string): ResourceType {
  return { group, version: "v1alpha1", kind: "Thing", plural: "things", namespaced: true };
}

/** Registers the kind with the real API server, and waits until it is served. */
export async function registerThings(cluster: Cluster, { group, version, kind, plural }: ResourceType) {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  await cluster.request("POST", path, {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural, singular: "thing", kind },
      versions: [{
        name: version,
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: { spec: structural(schemaOf(spec)), status: structural(schemaOf(status)) },
          },
        },
      }],
    },
  });
  await waitFor(async () => {
    try {
      // Managed fields need the kind's schema, which is published after the kind is served.
      const { paths } = await cluster.request("GET", "/openapi/v3");
      return paths[`apis/${group}/${version}`] !== undefined;
    } catch (error) {
      if (error instanceof RestError) return false;
      throw error;
    }
  }, { what: `${plural}.${group} to be served`, timeoutMs: 30_000 });
}

/** A CRD has no references: each is replaced by what it refers to. */
function structural(source: unknown): unknown {
  if (Array.isArray(source)) return source.map(structural);
  if (typeof source !== "object" || source === null) return source;
  const { $ref, ...rest } = source as Record<string, unknown>;
  const own = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, structural(value)]));
  if (typeof $ref !== "string") return own;
  const definition = structural(metaDefinitions[$ref.slice($ref.lastIndexOf("/") + 1)]) as Record<
    string,
    unknown
  >;
  return { ...definition, ...own };
}
