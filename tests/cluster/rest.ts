/** A few lines of REST with the administrator's certificate, independent of the product's own client. */
import https from "node:https";
import type { KeyPair } from "./pki.ts";

/** Where to, and as whom. */
export interface RestTarget {
  host: string;
  port: number;
  caPem: string;
  credentials: KeyPair | { token: string };
}

/** Options of one request. */
export interface RestOptions {
  /** @default application/json, and by PATCH application/merge-patch+json */
  contentType?: string;
  /** Deadline, in milliseconds. @default {60_000} */
  timeoutMs?: number;
  headers?: Record<string, string>;
}

/** An answer other than 2xx. */
export class RestError extends Error {
  override name = "RestError";
  constructor(message: string, readonly status: number, readonly body: unknown) {
    super(message);
  }
}

/** A connection for each request would cost the API server, and us, more than most requests do. */
const agent = new https.Agent({ keepAlive: true });

/**
 * Sends one request and parses the answer: JSON, else text. Connections are used again; where one turns out to have been
 * closed meanwhile, a GET is sent once more.
 *
 * @throws {RestError} for an answer other than 2xx.
 */
export function restRequest(
  target: RestTarget,
  method: string,
  path: string,
  body?: unknown,
  options: RestOptions = {},
  // deno-lint-ignore no-explicit-any -- tests look into answers of any kind
): Promise<any> {
  return send(target, method, path, body, options, agent);
}

function send(
  target: RestTarget,
  method: string,
  path: string,
  body: unknown,
  options: RestOptions,
  through: https.Agent | false,
): Promise<unknown> {
  const timeoutMs = options.timeoutMs ?? 60_000;
  const what = `${method} https://${target.host}:${target.port}${path}`;
  const identity = "token" in target.credentials
    ? {}
    : { cert: target.credentials.certPem, key: target.credentials.keyPem };
  const headers: Record<string, string> = { accept: "application/json", ...options.headers };
  if ("token" in target.credentials) headers.authorization = `Bearer ${target.credentials.token}`;
  const payload = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  if (payload !== undefined) {
    headers["content-type"] = options.contentType ??
      (method === "PATCH" ? "application/merge-patch+json" : "application/json");
    headers["content-length"] = String(new TextEncoder().encode(payload).length);
  }
  return new Promise((resolve, reject) => {
    const request = https.request({
      host: target.host,
      port: target.port,
      method,
      path,
      headers,
      ca: target.caPem,
      agent: through,
      ...identity,
    }, (response) => {
      const chunks: Uint8Array[] = [];
      response.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      response.on("error", fail);
      response.on("end", () => {
        clearTimeout(deadline);
        const parsed = parse(new TextDecoder().decode(join(chunks)));
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) return resolve(parsed);
        reject(new RestError(`${what} answered ${status}: ${messageOf(parsed)}`, status, parsed));
      });
    });
    const fail = (error: Error) => {
      clearTimeout(deadline);
      if (through !== false && request.reusedSocket && method === "GET" && !isLate) {
        return resolve(send(target, method, path, body, options, false));
      }
      reject(new Error(`${what} failed: ${error.message}`, { cause: error }));
    };
    let isLate = false;
    const deadline = setTimeout(() => {
      isLate = true;
      request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    request.on("error", fail);
    request.end(payload);
  });
}

function join(chunks: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function messageOf(body: unknown): string {
  if (typeof body === "string") return body.slice(0, 500);
  const message = (body as { message?: unknown } | null)?.message;
  return typeof message === "string" ? message : JSON.stringify(body).slice(0, 500);
}
