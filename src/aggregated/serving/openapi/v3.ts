/** The OpenAPI document of the group and version in version 3: what `kubectl explain` reads. */
import type { GroupVersion } from "../documents/discovery.ts";
import type { BuildVersion } from "../documents/version.ts";
import type { AnyStorage } from "../storage.ts";
import { definitions } from "./definitions.ts";
import { type Operation, operations } from "./operations.ts";
import { asVersion3, type Schema } from "./schema.ts";

export function openApiV3(
  served: GroupVersion,
  storages: readonly AnyStorage[],
  { version }: BuildVersion,
): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations(served, storages)) {
    (paths[operation.path] ??= {})[operation.method] = operationOf(operation, served);
  }
  return {
    openapi: "3.0.0",
    info: { title: "Coder on Kubernetes", version: `v${version}` },
    paths,
    components: { schemas: asVersion3(definitions(storages)) },
  };
}

function operationOf(operation: Operation, { group, version }: GroupVersion): Record<string, unknown> {
  const { id, description, parameters, body, produces, answers, kind, action } = operation;
  return {
    operationId: id,
    description,
    tags: [`${group}_${version}`],
    parameters: parameters.map(({ type, ...parameter }) => ({
      ...parameter,
      ...(parameter.in === "path" ? { required: true } : {}),
      schema: { type, uniqueItems: true },
    })),
    ...(body === undefined ? {} : {
      requestBody: {
        content: contentOf(body.types, body.schema),
        ...(operation.method === "delete" ? {} : { required: true }),
      },
    }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([code, schema]) => [
        code,
        schema === undefined
          ? { description: "Unauthorized" }
          : { description: "OK", content: contentOf(produces, schema) },
      ]),
    ),
    ...(kind === undefined ? {} : { "x-kubernetes-group-version-kind": kind }),
    ...(action === undefined ? {} : { "x-kubernetes-action": action }),
  };
}

function contentOf(types: readonly string[], schema: Schema) {
  return Object.fromEntries(types.map((type) => [type, { schema: asVersion3(schema) }]));
}
