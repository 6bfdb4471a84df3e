/** Paths that are given to programs, which know no bounds: below the session's directory, and no options. */
import { SessionError } from "../types.ts";

/** The path with `./` before it. @throws {SessionError} `forbidden`, `invalid` */
export function relativePath(path: string, what: string): string {
  if (path.includes("\0")) {
    throw new SessionError("invalid", `${what} ${JSON.stringify(path)}: paths have no NUL`);
  }
  if (path.startsWith("/") || path.split("/").includes("..")) {
    throw new SessionError(
      "forbidden",
      `${what} ${JSON.stringify(path)}: give a path below the session's directory, without ..`,
    );
  }
  return path === "" || path === "." ? "." : path.startsWith("./") ? path : `./${path}`;
}
