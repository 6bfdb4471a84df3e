/** Objects as rows of a `Table`, which is what `kubectl get` asks for. */
import type { KubeObject } from "../../../api/object.ts";
import type { Cell, Column } from "../storage.ts";
import type { IncludeObject } from "./accept.ts";
import { ageOf } from "./human_duration.ts";
import { metadataText, objectText } from "./object_text.ts";

/** What a table says of itself beside its rows. */
export interface TableHead {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface Tables {
  /** The whole table. @param now milliseconds since 1970 */
  table(items: readonly KubeObject[], head: TableHead, options: TableOptions): string;
  /** A bookmark of a watch: no object, only a version. */
  bookmark(object: KubeObject, options: TableOptions): string;
}

export interface TableOptions {
  readonly includeObject: IncludeObject;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Watches say what the columns are once. @default {true} */
  readonly withColumns?: boolean;
}

/** Tables of one resource. */
export function createTables<T extends KubeObject>(columns: readonly Column<T>[]): Tables {
  const definitions = JSON.stringify([
    {
      name: "Name",
      type: "string",
      format: "name",
      description: "The name, unique in its namespace.",
      priority: 0,
    },
    ...columns.map(({ name, type, format = "", description, priority = 0 }) => ({
      name,
      type,
      format,
      description,
      priority,
    })),
  ]);

  /** Of what has no object: one for each column, as whoever reads tables expects. */
  const empty: readonly Cell[] = ["", ...columns.map(() => null)];

  function row(object: T, { includeObject, now }: TableOptions): string {
    const cells: Cell[] = [object.metadata.name ?? ""];
    for (const { type, value } of columns) {
      const cell = value(object);
      cells.push(type === "date" && typeof cell === "string" ? ageOf(cell, now) : cell ?? null);
    }
    return rowText(cells, object, includeObject);
  }

  function whole(rows: readonly string[], head: TableHead, { withColumns = true }: TableOptions): string {
    const start = `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":${JSON.stringify(head)}`;
    // Without columns the field is there and null, as Go writes it.
    return `${start},"columnDefinitions":${withColumns ? definitions : "null"},"rows":[${rows.join(",")}]}`;
  }

  return {
    table: (items, head, options) => whole(items.map((item) => row(item as T, options)), head, options),
    bookmark(object, options) {
      const resourceVersion = object.metadata.resourceVersion ?? "";
      return whole([rowText(empty, object, "Metadata")], { resourceVersion }, options);
    },
  };
}

function rowText(cells: readonly Cell[], object: KubeObject, includeObject: IncludeObject): string {
  const shown = includeObject === "None"
    ? "null"
    : includeObject === "Object"
    ? objectText(object)
    : metadataText(object);
  return `{"cells":${JSON.stringify(cells)},"object":${shown}}`;
}
