/** A tiny OpenAPI document for the tests of the generators. */
import type { Extract } from "./document.ts";

const ref = (name: string) => ({ $ref: `#/definitions/${name}` });
const META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";

/** One kind, `Widget`, with a field of each sort. */
export const extract: Extract = {
  source: { module: "example.com/m", version: "v1.0.0", path: "swagger.json", sum: "h1:x" },
  resources: [{
    definition: "io.k8s.api.test.v1.Widget",
    group: "test",
    version: "v1",
    kind: "Widget",
    plural: "widgets",
    namespaced: true,
  }],
  definitions: {
    "io.k8s.api.test.v1.Widget": {
      type: "object",
      description: "A widget. It has more.",
      properties: {
        apiVersion: { type: "string" },
        kind: { type: "string" },
        metadata: { ...ref(META), description: "Its metadata." },
        parts: {
          type: "array",
          items: ref("io.k8s.api.test.v1.Part"),
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
          "x-kubernetes-patch-merge-key": "name",
        },
        tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
        args: { type: "array", items: { type: "string" } },
        "odd-name": { type: "boolean" },
      },
    },
    "io.k8s.api.test.v1.Part": {
      type: "object",
      description: "A part.",
      required: ["name"],
      properties: {
        name: { type: "string", description: "Its name." },
        limits: { type: "object", additionalProperties: ref(QUANTITY) },
        port: ref(INT_OR_STRING),
        weight: { type: "integer", format: "int32", default: 1 },
        selector: { ...ref("io.k8s.api.test.v1.Selector"), default: {} },
        since: ref("io.k8s.apimachinery.pkg.apis.meta.v1.Time"),
      },
    },
    "io.k8s.api.test.v1.Selector": {
      type: "object",
      properties: { below: ref("io.k8s.api.test.v1.Selector"), text: { type: "string" } },
      "x-kubernetes-map-type": "atomic",
    },
    [META]: {
      type: "object",
      properties: {
        name: { type: "string" },
        labels: { type: "object", additionalProperties: { type: "string" } },
        uid: { type: "string" },
      },
    },
    [QUANTITY]: { type: "string", description: "A quantity." },
    [INT_OR_STRING]: { type: "string", format: "int-or-string" },
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": { type: "string", format: "date-time" },
  },
};
