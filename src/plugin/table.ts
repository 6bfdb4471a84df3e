/** Tables as the API server makes them, written as kubectl writes them. */
import { isRecord } from "../kube/rest/api_errors.ts";
import { PluginError } from "./world.ts";

/** Asks for a table, and for the object itself of servers that make none. */
export const TABLE_ACCEPT = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

export interface Column {
  readonly name: string;
  /** 0: always shown; more: with `-o wide`. */
  readonly priority: number;
}

export interface Row {
  readonly cells: readonly unknown[];
  readonly namespace: string;
  readonly name: string;
}

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** The token of the next page. */
  readonly next?: string | undefined;
}

/** @throws {PluginError} where it is none */
export function readTable(answer: unknown): Table {
  if (!isRecord(answer) || answer["kind"] !== "Table") {
    throw new PluginError("the API server answered with no table: is something else between you and it?");
  }
  const { columnDefinitions, rows, metadata } = answer;
  const next = isRecord(metadata) ? metadata["continue"] : undefined;
  return {
    columns: list(columnDefinitions).map(({ name, priority }) => ({
      name: String(name ?? ""),
      priority: typeof priority === "number" ? priority : 0,
    })),
    rows: list(rows).map(({ cells, object }) => {
      const meta = isRecord(object) && isRecord(object["metadata"]) ? object["metadata"] : {};
      return {
        cells: Array.isArray(cells) ? cells : [],
        namespace: String(meta["namespace"] ?? ""),
        name: String(meta["name"] ?? ""),
      };
    }),
    ...(typeof next === "string" && next !== "" ? { next } : {}),
  };
}

export interface TableOptions {
  readonly wide: boolean;
  /** The namespace first. */
  readonly namespaces: boolean;
  readonly header: boolean;
  /** What a cell looks like; it must not take other room. */
  readonly paint?: (column: string, cell: string, shown: string) => string;
  /** Makes text of others harmless. */
  readonly clean: (text: string) => string;
}

/** Spaces between columns, and the least that one takes with them: kubectl's. */
const PADDING = 3;
const LEAST = 6;

/** Lines with their ends. */
export function tableText({ columns, rows }: Table, options: TableOptions): string {
  const { wide, namespaces, header, clean, paint = (_column, _cell, shown) => shown } = options;
  const shown = columns.map((column, index) => ({ ...column, index }))
    .filter(({ priority }) => wide || priority === 0);
  const names = [...(namespaces ? ["NAMESPACE"] : []), ...shown.map(({ name }) => clean(name.toUpperCase()))];
  const body = rows.map(({ cells, namespace }) => [
    ...(namespaces ? [clean(namespace)] : []),
    ...shown.map(({ index }) => clean(cellText(cells[index]))),
  ]);
  const lines = [...(header ? [names] : []), ...body];
  const widths = names.map((_, index) =>
    Math.max(LEAST, ...lines.map((line) => [...line[index] ?? ""].length + PADDING))
  );
  return lines.map((line, at) =>
    `${
      line.map((cell, index) => {
        const room = index === line.length - 1 ? cell : cell.padEnd(widths[index] ?? 0);
        return header && at === 0 ? room : paint(names[index] ?? "", cell, room);
      }).join("")
    }\n`
  ).join("");
}

/** As kubectl: what is not there is empty. */
function cellText(cell: unknown): string {
  if (cell === undefined || cell === null) return "";
  return typeof cell === "object" ? JSON.stringify(cell) : String(cell);
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
