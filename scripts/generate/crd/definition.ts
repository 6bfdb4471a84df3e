/** The whole CustomResourceDefinition of a kind. */
import { CATEGORY, GROUP, type KindDefinition, VERSION } from "../../../src/api/definition.ts";
import type { CustomResourceDefinition } from "../../../src/api/kubernetes/types.ts";
import type { Extract } from "../kubernetes/document.ts";
import { sorted, structuralSchema } from "./schema.ts";

const SCALE = {
  labelSelectorPath: ".status.selector",
  specReplicasPath: ".spec.replicas",
  statusReplicasPath: ".status.replicas",
};

/** The object, ready to apply. */
export function customResourceDefinition(extract: Extract, kind: KindDefinition): CustomResourceDefinition {
  const { resource, singular, shortNames, columns, rules } = kind;
  const schema = sorted({
    type: "object",
    description: kind.description,
    properties: {
      apiVersion: { type: "string", description: `Always ${GROUP}/${VERSION}.` },
      kind: { type: "string", description: `Always ${resource.kind}.` },
      metadata: { type: "object" },
      spec: structuralSchema(extract, kind.spec),
      status: structuralSchema(extract, kind.status),
    },
    ...(rules.length === 0 ? {} : { "x-kubernetes-validations": rules }),
  });
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${resource.plural}.${GROUP}` },
    spec: {
      group: GROUP,
      names: {
        categories: [CATEGORY],
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        plural: resource.plural,
        shortNames: [...shortNames],
        singular,
      },
      scope: "Namespaced",
      versions: [{
        name: VERSION,
        served: true,
        storage: true,
        additionalPrinterColumns: columns.map((column) => ({ ...column })),
        schema: { openAPIV3Schema: schema },
        subresources: kind.scale ? { scale: SCALE, status: {} } : { status: {} },
      }],
    },
  };
}
