/** The OpenAPI document in version 2, which the aggregator merges into that of the whole cluster. */
import type { GroupVersion } from "../documents/discovery.ts";
import type { BuildVersion } from "../documents/version.ts";
import type { AnyStorage } from "../storage.ts";
import { definitions } from "./definitions.ts";
import { type Operation, operations } from "./operations.ts";
import { mapSchemas, withoutVersion3 } from "./schema.ts";

export function openApiV2(
  served: GroupVersion,
  storages: readonly AnyStorage[],
  { version }: BuildVersion,
): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations(served, storages)) {
    (paths[operation.path] ??= {})[operation.method] = operationOf(operation, served);
  }
  return {
    swagger: "2.0",
    info: { title: "Coder on Kubernetes", version: `v${version}` },
    paths,
    definitions: mapSchemas(definitions(storages), withoutVersion3),
  };
}

function operationOf(operation: Operation, { group, version }: GroupVersion): Record<string, unknown> {
  const { id, description, parameters, body, produces, answers, kind, action } = operation;
  const bodyParameter = body === undefined ? [] : [{
    name: "body",
    in: "body",
    required: operation.method !== "delete",
    schema: body.schema,
  }];
  return {
    operationId: id,
    description,
    schemes: ["https"],
    tags: [`${group}_${version}`],
    consumes: body?.types ?? ["*/*"],
    produces,
    parameters: [
      ...bodyParameter,
      ...parameters.map((parameter) => ({
        ...parameter,
        uniqueItems: true,
        ...(parameter.in === "path" ? { required: true } : {}),
      })),
    ],
    responses: Object.fromEntries(
      Object.entries(answers).map(([code, schema]) => [
        code,
        schema === undefined ? { description: "Unauthorized" } : { description: "OK", schema },
      ]),
    ),
    ...(kind === undefined ? {} : { "x-kubernetes-group-version-kind": kind }),
    ...(action === undefined ? {} : { "x-kubernetes-action": action }),
  };
}
