/** Answers as they can be compared: what differs from run to run, and from one server to another, taken out. */
import { parse } from "yaml";
import type { Reply } from "./caller.ts";
import type { Twin } from "./twins.ts";

type Json = unknown;
type Fields = Record<string, Json>;

/** What two answers must have in common. */
export interface Seen {
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Json;
}

const DOUBLE = /^(.+), \1$/;
const HEADERS = ["content-type", "retry-after", "cache-control", "warning", "vary", "allow", "location"];

export function seenOf({ code, headers, text }: Reply, twin: Twin): Seen {
  const told = HEADERS.flatMap((name) => {
    const value = headers[name];
    // kube-apiserver puts its own beside that of whom it asks.
    return value === undefined ? [] : [[name, String(value).replace(DOUBLE, "$1")]];
  });
  const type = headers["content-type"] ?? "";
  return { code, headers: Object.fromEntries(told), body: normalized(bodyOf(text, type), twin) };
}

function bodyOf(text: string, type: string): Json {
  if (text === "") return "";
  if (type.startsWith("application/json")) {
    return isMany(text) ? text.trimEnd().split("\n").map((line) => JSON.parse(line)) : JSON.parse(text);
  }
  return type.startsWith("application/yaml") ? parse(text) : text;
}

/** Frames of a watch that has ended. */
function isMany(text: string): boolean {
  return text.startsWith('{"type":"');
}

/** One parsed value: an object, a list, a table, a `Status`, a frame. */
export function normalized(value: Json, twin: Pick<Twin, "group">): Json {
  if (typeof value === "string") return value.replaceAll(twin.group, "GROUP");
  if (Array.isArray(value)) return value.map((item) => normalized(item, twin));
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Fields;
  if (fields["kind"] === "Status" && fields["status"] === "Failure") return statusFields(fields, twin);
  if (fields["kind"] === "Table") return tableFields(fields, twin);
  return normalizedFields(fields, twin);
}

/** Versions and tokens mean nothing to clients but by being there. */
function opaque(name: string, value: Json): string | undefined {
  if (name === "resourceVersion" && typeof value === "string") {
    return /^[1-9]/.test(value) ? "VERSION" : value;
  }
  return name === "continue" ? "TOKEN" : undefined;
}

/** Messages are for people: ours say more, and are in our own words. */
function statusFields(fields: Fields, twin: Pick<Twin, "group">): Fields {
  const { message: _, details, ...rest } = fields;
  if (typeof details !== "object" || details === null) return normalizedFields(rest, twin);
  const { causes, ...others } = details as Fields;
  const told = Array.isArray(causes)
    ? { causes: causes.map(({ message: _, ...cause }: Fields) => cause) }
    : {};
  return { ...normalizedFields(rest, twin), details: { ...normalizedFields(others, twin), ...told } };
}

/** Ages go on between two requests; what kube-apiserver says of the name is its own text. */
function tableFields(fields: Fields, twin: Pick<Twin, "group">): Fields {
  const { columnDefinitions, rows, ...rest } = fields;
  const columns = columnDefinitions as Fields[] | null;
  return {
    ...normalizedFields(rest, twin),
    columnDefinitions:
      columns?.map((column) => column["name"] === "Name" ? { ...column, description: "" } : column) ??
        columns,
    rows: (rows as { cells: Json[] }[] | null)?.map(({ cells, ...row }) => ({
      cells: cells.map((cell) => typeof cell === "string" && /^(\d+[smhdy])+$/.test(cell) ? "AGE" : cell),
      ...normalizedFields(row, twin),
    })) ?? rows,
  };
}

function normalizedFields(fields: Fields, twin: Pick<Twin, "group">): Fields {
  return Object.fromEntries(
    Object.entries(fields)
      // Lists of custom resources have an empty token, where those of built-in kinds have none.
      .filter(([name, child]) => name !== "continue" || child !== "")
      // What lies behind a resource is nobody's business.
      .filter(([name]) => name !== "storageVersionHash")
      .map(([name, child]) => [name, opaque(name, child) ?? normalized(orderless(name, child), twin)]),
  );
}

/** What is the same in another order, or as nothing at all. */
function orderless(name: string, value: Json): Json {
  if (name === "verbs" && Array.isArray(value)) return value.toSorted();
  // An empty list of metadata is null there, which no client wants to see.
  return name === "items" && value === null ? [] : value;
}
