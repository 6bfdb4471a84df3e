/**
 * The head of an HTTP/1 request, read strictly: whatever two programs might understand differently is refused, so that no
 * request hides in another one.
 */
import { type ByteReader, WrongBytes } from "./byte_reader.ts";

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly version: "HTTP/1.0" | "HTTP/1.1";
  /** In order, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Bytes, or in chunks. */
  readonly body: number | "chunked";
}

export const MAX_HEAD_BYTES = 32_768;
const MAX_HEADERS = 100;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Of which two would contradict each other. */
const ONCE = new Set(["host", "content-length", "transfer-encoding"]);

/** The next one; `undefined` where the caller has ended. Rejects with {@linkcode WrongBytes}. */
export async function readRequestHead(reader: ByteReader): Promise<RequestHead | undefined> {
  const text = await reader.until("\r\n\r\n", MAX_HEAD_BYTES);
  return text === undefined ? undefined : parseRequestHead(text);
}

/** Without the empty line at its end. Throws {@linkcode WrongBytes}. */
export function parseRequestHead(text: string): RequestHead {
  const [first, ...lines] = text.split("\r\n");
  const [, method, target, version] = /^([^ ]+) ([\x21-\x7e]+) (HTTP\/1\.[01])$/.exec(first!) ?? [];
  if (method === undefined || target === undefined || version === undefined || !TOKEN.test(method)) {
    throw new WrongBytes(400, "the request line is not one of HTTP/1");
  }
  if (lines.length > MAX_HEADERS) throw new WrongBytes(431, `more than ${MAX_HEADERS} headers`);
  const headers = lines.map(parseHeader);
  return {
    method,
    target,
    version: version as RequestHead["version"],
    headers,
    body: bodyOf(headers, version),
  };
}

/** Of the first header of that name. */
export function headerOf(head: Pick<RequestHead, "headers">, name: string): string | undefined {
  return head.headers.find(([one]) => one === name)?.[1];
}

function parseHeader(line: string): readonly [string, string] {
  const at = line.indexOf(":");
  const name = line.slice(0, Math.max(0, at));
  const value = line.slice(at + 1);
  // A line that goes on another one begins with a space, and so has no name.
  if (!TOKEN.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    throw new WrongBytes(400, "a header cannot be read");
  }
  return [name.toLowerCase(), value.replace(/^[ \t]+|[ \t]+$/g, "")];
}

function bodyOf(headers: RequestHead["headers"], version: string): number | "chunked" {
  const seen = new Map<string, string>();
  for (const [name, value] of headers) {
    if (!ONCE.has(name)) continue;
    if (seen.has(name)) throw new WrongBytes(400, `the header ${name} is there twice`);
    seen.set(name, value);
  }
  const length = seen.get("content-length");
  const coding = seen.get("transfer-encoding");
  if (coding === undefined) {
    if (length !== undefined && !/^\d{1,15}$/.test(length)) {
      throw new WrongBytes(400, "the header content-length is no number");
    }
    return Number(length ?? 0);
  }
  if (length !== undefined) throw new WrongBytes(400, "both content-length and transfer-encoding");
  if (coding.toLowerCase() !== "chunked" || version === "HTTP/1.0") {
    throw new WrongBytes(501, "a transfer-encoding other than chunked, or in HTTP/1.0");
  }
  return "chunked";
}
