/** A Coder that cannot be asked now. */
import type { CoderRef } from "../../caller/types.ts";
import { ToolError } from "../errors.ts";

export function away({ id }: Pick<CoderRef, "id">, why: string): ToolError {
  return new ToolError("unavailable", `the Coder of ${id} cannot be asked now: ${why}`);
}

/** Errors of opening, whose messages say why there is no way to it, and are fit to be read. */
export function isForeign(error: unknown): error is Error {
  return error instanceof Error && (error.name === "Error" || error.name === "TokenError");
}
