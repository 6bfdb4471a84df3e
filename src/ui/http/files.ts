/** Files of the page: the same for everybody, and nothing in them is of anybody. */
import { createHash } from "node:crypto";
import type { HttpCall } from "../../mcp/http/http_call.ts";

export interface PageFile {
  readonly type: string;
  readonly text: string;
}

interface Ready extends PageFile {
  readonly etag: string;
}

/** Makes what answers them. @param files by path below the prefix; `index.html` is the one of the prefix itself */
export function filesHandler(
  files: ReadonlyMap<string, PageFile>,
  headers: Readonly<Record<string, string>>,
): (call: HttpCall, path: string) => boolean {
  const ready = new Map<string, Ready>();
  for (const [path, file] of files) {
    const etag = `"${
      createHash("sha256").update(file.type).update(file.text).digest("base64url").slice(0, 27)
    }"`;
    ready.set(path, { ...file, etag });
  }
  return (call, path) => {
    const file = ready.get(path === "" ? "index.html" : path);
    if (file === undefined) return false;
    const { etag, text, type } = file;
    const known = (call.header("if-none-match") ?? "").split(",").map((one) =>
      one.trim().replace(/^W\//, "")
    );
    if (known.includes(etag)) call.answer(304, undefined, { ...headers, etag });
    else call.answer(200, text, { ...headers, etag, "content-type": type });
    return true;
  };
}
