/** OpenAPI version 3: an index of documents, each named with its hash, so that clients keep it for ever. */
import { acceptsJson } from "../answer/accept.ts";
import type { Answer, Exchange } from "../http/exchange.ts";
import { notAcceptable, unknownPath } from "../status_errors.ts";
import { answerFixed, fixedDocument } from "./fixed_document.ts";

const PREFIX = "/openapi/v3/";
const YEAR_SECONDS = 31_536_000;

/** @param documents by the path of their group and version, such as `apis/example.com/v1` */
export function createOpenApiV3Handler(documents: Readonly<Record<string, unknown>>) {
  const fixed = new Map(
    Object.entries(documents).map(([path, value]) => [path, fixedDocument(value)] as const),
  );
  const addressOf = (path: string, hash: string) => `${PREFIX}${path}?hash=${hash}`;
  const index = fixedDocument({
    paths: Object.fromEntries(
      [...fixed].map(([path, { hash }]) => [path, { serverRelativeURL: addressOf(path, hash) }]),
    ),
  });

  function answerIndex(exchange: Exchange): Promise<Answer> {
    requireJson(exchange);
    return Promise.resolve(answerFixed(index, exchange));
  }

  function document(exchange: Exchange): Promise<Answer> {
    requireJson(exchange);
    const path = exchange.info.path.slice(PREFIX.length).replace(/\/$/, "");
    const found = fixed.get(path);
    if (found === undefined) throw unknownPath();
    const hash = exchange.info.query.get("hash");
    if (hash !== null && hash !== found.hash) {
      return Promise.resolve({ code: 301, headers: { "Location": addressOf(path, found.hash) } });
    }
    const caching = hash === null
      ? { "Vary": "Accept" }
      : { "Vary": "Accept", "Cache-Control": `public, immutable, max-age=${YEAR_SECONDS}` };
    return Promise.resolve(answerFixed(found, exchange, caching));
  }

  return { index: answerIndex, document };
}

function requireJson({ headers }: Exchange): void {
  if (!acceptsJson(headers.accept)) throw notAcceptable(["application/json"]);
}
