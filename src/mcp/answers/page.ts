/** Lists in pages: sorted, cut by number and by size, and saying how to get the rest. */
import { z } from "zod";
import { ToolError } from "../errors.ts";

/** Inputs of tools with lists. */
export const pageInput = (standard: number, most: number) => ({
  // Zero and less mean the default, as they always did.
  limit: z.int().optional().describe(`Default ${standard}, at most ${most}`),
  cursor: z.string().max(1_024).optional().describe("`nextCursor` of the page before"),
});

/** What such a tool answers beside its items. */
export const PAGE_OUTPUT = {
  /** Absent on the last page. */
  nextCursor: z.string().optional(),
  total: z.int().optional(),
};

export interface PageOptions<T> {
  readonly limit: number | undefined;
  readonly cursor: string | undefined;
  /** Where there is no limit. */
  readonly standard: number;
  readonly most: number;
  /** What the items are sorted by, unique among them. */
  readonly keyOf: (item: T) => string;
  /** Of an item in the answer, roughly, in bytes. @default {its JSON} */
  readonly sizeOf?: (item: T) => number;
  /** The answer's items have at most so many bytes, but there is always one. @default {48 KiB} */
  readonly maxBytes?: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
  /** How many there are on all pages; absent where all are here. */
  readonly total?: number;
}

const MOST_BYTES = 48 * 1_024;

/** One page. Items that come or go between two pages move nothing else. @throws {ToolError} for a cursor that is none */
export function pageOf<T>(items: readonly T[], options: PageOptions<T>): Page<T> {
  const { keyOf, standard, most, maxBytes = MOST_BYTES } = options;
  const sizeOf = options.sizeOf ?? ((item: T) => JSON.stringify(item)?.length ?? 0);
  const sorted = items.map((item) => [keyOf(item), item] as const).sort(([a], [b]) =>
    a < b ? -1 : a > b ? 1 : 0
  );
  const after = options.cursor === undefined ? undefined : readCursor(options.cursor);
  const rest = after === undefined ? sorted : sorted.filter(([key]) => key > after);
  const limit = options.limit === undefined || options.limit <= 0 ? standard : Math.min(options.limit, most);
  const page: T[] = [];
  let bytes = 0;
  let last = "";
  for (const [key, item] of rest) {
    bytes += sizeOf(item);
    if (page.length >= limit || (page.length > 0 && bytes > maxBytes)) {
      return { items: page, nextCursor: cursorOf(last), total: sorted.length };
    }
    page.push(item);
    last = key;
  }
  return { items: page };
}

function cursorOf(key: string): string {
  return new TextEncoder().encode(JSON.stringify([key])).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
}

function readCursor(cursor: string): string {
  try {
    const bytes = Uint8Array.fromBase64(cursor, { alphabet: "base64url" });
    const [key] = z.tuple([z.string()]).parse(
      JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)),
    );
    return key;
  } catch {
    throw new ToolError("invalid", "cursor: it is none of this tool's; begin without one");
  }
}
