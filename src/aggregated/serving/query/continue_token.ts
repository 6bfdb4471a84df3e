/** Continue tokens: where the next page of a list begins. They carry all that is needed, so any replica can go on. */
import { Buffer } from "node:buffer";
import { z } from "zod";
import type { ObjectKey } from "../../../api/object.ts";
import { badRequest } from "../status_errors.ts";

export interface ContinueToken {
  /**
   * The version of the first page: what clients watch from when they have all pages. Absent where that is too old: the
   * next page tells a new one.
   */
  readonly resourceVersion?: string;
  /** The last object that was sent. */
  readonly after: ObjectKey;
}

const MAX_LENGTH = 2_048;

const schema = z.strictObject({
  v: z.literal("coder/v1"),
  rv: z.string().regex(/^[1-9]\d{0,30}$/).optional(),
  after: z.tuple([z.string().max(253), z.string().min(1).max(253)]),
});

/** Makes a token. It is no secret, and what it says is not relied on more than a query would be. */
export function writeContinueToken({ resourceVersion, after }: ContinueToken): string {
  const content = { v: "coder/v1", rv: resourceVersion, after: [after.namespace, after.name] };
  return Buffer.from(JSON.stringify(content)).toString("base64url");
}

/** @throws {StatusError} 400 for what was not made by {@linkcode writeContinueToken} */
export function readContinueToken(token: string): ContinueToken {
  try {
    if (token.length > MAX_LENGTH) throw new Error("too long");
    const { rv, after: [namespace, name] } = schema.parse(
      JSON.parse(Buffer.from(token, "base64url").toString("utf8")),
    );
    return { ...(rv === undefined ? {} : { resourceVersion: rv }), after: { namespace, name } };
  } catch {
    throw badRequest("continue key is not valid: use it as the server sent it, or list again from the start");
  }
}
