/** Several shelves as one. */
import { ToolError } from "../errors.ts";
import type { ResourceShelf } from "../surface.ts";

/** What a shelf has, by the beginning of its URIs. */
export interface ShelfPart {
  /** Such as `session://`; the shelf whose URIs begin with none of the others has an empty one. */
  readonly scheme: string;
  readonly shelf: ResourceShelf;
}

/** Makes it: lists come part by part, in order. */
export function joinedShelves(parts: readonly [ShelfPart, ...ShelfPart[]]): ResourceShelf {
  return {
    templates: parts.flatMap(({ shelf }) => shelf.templates),
    async list(cursor, call) {
      const { index, inner } = placeOf(cursor, parts.length);
      const { resources, nextCursor } = await parts[index]!.shelf.list(inner, call);
      if (nextCursor !== undefined) return { resources, nextCursor: `${index}:${nextCursor}` };
      return index + 1 < parts.length ? { resources, nextCursor: `${index + 1}:` } : { resources };
    },
    read(uri, call) {
      const part = parts.find(({ scheme }) => scheme !== "" && uri.startsWith(scheme)) ??
        parts.find(({ scheme }) => scheme === "");
      if (part !== undefined) return part.shelf.read(uri, call);
      return Promise.reject(new ToolError("not_found", `there is no resource ${uri.slice(0, 256)}`));
    },
  };
}

/** @throws {ToolError} `invalid` for a cursor that is none of ours */
function placeOf(cursor: string | undefined, parts: number) {
  if (cursor === undefined) return { index: 0, inner: undefined };
  const [, text = "", inner = ""] = /^(\d{1,2}):([^]*)$/.exec(cursor) ?? [];
  const index = Number(text);
  if (text === "" || index >= parts) {
    throw new ToolError("invalid", "this is no cursor of an earlier answer: begin without one");
  }
  return { index, inner: inner === "" ? undefined : inner };
}
