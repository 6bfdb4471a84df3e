/** What a request to the proxy is for, and how it goes on to there. */
import { WrongBytes } from "./byte_reader.ts";
import { hostAndPort } from "./guard.ts";
import { headerOf, type RequestHead } from "./request_head.ts";
import { normalHost } from "./rules.ts";

export interface Target {
  /** As `normalHost` makes it. */
  readonly host: string;
  readonly port: number;
  /** Of the request to go on with; empty for CONNECT. */
  readonly path: string;
}

/** Meant for the next program alone, or written anew. */
const HOP_BY_HOP = new Set([
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Throws {@linkcode WrongBytes}. */
export function targetOf(head: RequestHead): Target {
  if (head.method === "CONNECT") {
    if (head.body !== 0) throw new WrongBytes(400, "CONNECT has no body");
    return { ...authority(head.target, undefined), path: "" };
  }
  const [, host, path] = /^http:\/\/([^/?#@\\]+)([/?][^#]*)?$/i.exec(head.target) ?? [];
  if (host === undefined) {
    throw new WrongBytes(
      400,
      "this is a proxy: it takes CONNECT host:port and absolute addresses such as http://host/path",
    );
  }
  const target = {
    ...authority(host, 80),
    path: path === undefined || path.startsWith("?") ? `/${path ?? ""}` : path,
  };
  const named = headerOf(head, "host");
  if (named === undefined && head.version === "HTTP/1.1") {
    throw new WrongBytes(400, "the header host is missing");
  }
  if (named === undefined) return target;
  const other = authority(named, 80);
  if (other.host === target.host && other.port === target.port) return target;
  throw new WrongBytes(400, "the header host is another one than the address that is asked for");
}

/** Its head as it goes on: for one request on a connection of its own. */
export function forwardedHead(head: RequestHead, target: Target): Uint8Array {
  const dropped = new Set(HOP_BY_HOP);
  for (const [name, value] of head.headers) {
    if (name === "connection") value.split(",").forEach((one) => dropped.add(one.trim().toLowerCase()));
  }
  const host = target.port === 80
    ? hostAndPort(target.host, 80).slice(0, -3)
    : hostAndPort(target.host, target.port);
  const lines = [`${head.method} ${target.path} HTTP/1.1`, `host: ${host}`, "connection: close"];
  for (const [name, value] of head.headers) if (!dropped.has(name)) lines.push(`${name}: ${value}`);
  if (head.body === "chunked") lines.push("transfer-encoding: chunked");
  else if (head.body > 0 || headerOf(head, "content-length") !== undefined) {
    lines.push(`content-length: ${head.body}`);
  }
  lines.push("via: 1.1 coder-k8s");
  const text = `${lines.join("\r\n")}\r\n\r\n`;
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function authority(text: string, standard: number | undefined): { host: string; port: number } {
  const [, name, digits] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = name === undefined ? undefined : normalHost(name);
  const port = digits === undefined ? standard : Number(digits);
  if (host !== undefined && port !== undefined && port >= 1 && port <= 65_535) return { host, port };
  throw new WrongBytes(400, `no host and port: ${text.slice(0, 100)}`);
}
