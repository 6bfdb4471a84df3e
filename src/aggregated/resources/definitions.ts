/** What the server says of the kinds: made of their schemas, which are the one source. */
import type { AggregatedDefinition } from "../../api/aggregated.ts";
import type { PrinterColumn } from "../../api/definition.ts";
import type { KubeObject, ResourceType } from "../../api/object.ts";
import type { ResourceVerb } from "../serving/request_info.ts";
import type { Cell, Column, ResourceDefinition } from "../serving/storage.ts";

/** The definition of a kind that is served with `verbs`. */
export function resourceDefinition<T extends KubeObject>(
  definition: AggregatedDefinition,
  type: ResourceType<T>,
  verbs: readonly ResourceVerb[],
): ResourceDefinition<T> {
  const { singular, shortNames, categories, description, columns, selectableFields, spec, status } =
    definition;
  return {
    type,
    singular,
    shortNames,
    categories,
    description,
    verbs,
    columns: columns.map((column) => columnOf<T>(column)),
    selectableFields: Object.fromEntries(
      selectableFields.map((field) => {
        const read = reader(field);
        return [field, (object: T) => textOf(read(object))];
      }),
    ),
    schema: { spec, status },
  };
}

function columnOf<T extends KubeObject>(column: PrinterColumn): Column<T> {
  const { name, type, description, jsonPath, priority } = column;
  const read = reader(jsonPath);
  return {
    name,
    type,
    description,
    ...(priority === undefined ? {} : { priority }),
    value: (object) => read(object) as Cell | undefined,
  };
}

/** Reads `.status.health.healthy`; undefined where a part of the way is missing. */
function reader(path: string): (object: unknown) => unknown {
  const parts = path.replace(/^\./, "").split(".");
  return (object) =>
    parts.reduce<unknown>((value, part) => (value as Record<string, unknown>)?.[part], object);
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? "" : String(value);
}
