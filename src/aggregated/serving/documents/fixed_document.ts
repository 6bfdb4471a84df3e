/** Documents that stay as they are while the process runs: written once, and sent again only to who has another one. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { yamlText } from "../answer/yaml_text.ts";
import type { Answer, Exchange } from "../http/exchange.ts";

export interface FixedDocument {
  readonly bytes: Uint8Array;
  /** Upper-case hex, without quotes. */
  readonly hash: string;
  readonly contentType: string;
}

export function fixedDocument(value: unknown, contentType = "application/json"): FixedDocument {
  return documentOf(`${JSON.stringify(value)}\n`, contentType);
}

/** The same as people read it. */
export function yamlDocument(value: unknown): FixedDocument {
  return documentOf(yamlText(value), "application/yaml");
}

function documentOf(text: string, contentType: string): FixedDocument {
  const bytes = Buffer.from(text);
  const hash = createHash("sha256").update(bytes).digest("hex").toUpperCase();
  return { bytes, hash, contentType };
}

/** The document, or 304 where the caller has it. */
export function answerFixed(
  { bytes, hash, contentType }: FixedDocument,
  exchange: Pick<Exchange, "headers">,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const etag = `"${hash}"`;
  const tagged = { ...headers, "ETag": etag };
  if (matches(exchange.headers["if-none-match"], etag)) return { code: 304, headers: tagged };
  return { code: 200, headers: tagged, body: bytes, contentType };
}

/** Weak comparison, as RFC 9110 wants it for `If-None-Match`. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").map((tag) => tag.trim().replace(/^W\//, "")).some((tag) =>
    tag === etag || tag === "*"
  );
}
