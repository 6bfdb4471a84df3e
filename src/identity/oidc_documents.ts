/** What an OpenID Connect issuer publishes: its discovery document and its keys. */
import type { JSONWebKeySet } from "jose";
import { z } from "zod";

/** What an issuer has published cannot be had, or is not to be used. The message has no secret. */
export class OidcDocumentError extends Error {
  override readonly name = "OidcDocumentError";
}

/** A GET of JSON. */
export interface FetchJsonOptions {
  /** Certificates that the issuer's is verified with, PEM. @default {the system's} */
  readonly caPem?: string | undefined;
  /** Deadline of the whole answer, in milliseconds. @default {5_000} */
  readonly timeoutMs?: number | undefined;
}

export type FetchJson = (url: string) => Promise<unknown>;

/** Larger documents are no key sets. */
const MAX_BYTES = 512 * 1024;

/** Makes it; redirects are followed nowhere. Throws {@linkcode OidcDocumentError}. */
export function createFetchJson({ caPem, timeoutMs = 5_000 }: FetchJsonOptions = {}): FetchJson {
  const client = caPem === undefined ? undefined : Deno.createHttpClient({ caCerts: [caPem] });
  return async (url) => {
    try {
      const response = await fetch(url, {
        redirect: "error",
        headers: { accept: "application/json" },
        signal: AbortSignal.timeout(timeoutMs),
        ...(client === undefined ? {} : { client }),
      });
      if (!response.ok) {
        await response.body?.cancel();
        throw new OidcDocumentError(`${url} answers ${response.status}`);
      }
      return JSON.parse(await boundedText(response, url));
    } catch (cause) {
      if (cause instanceof OidcDocumentError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new OidcDocumentError(`${url} cannot be read: ${why}`, { cause });
    }
  };
}

async function boundedText(response: Response, url: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_BYTES) throw new OidcDocumentError(`${url} is larger than ${MAX_BYTES} bytes`);
  }
  return text;
}

const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.string() });
const keysSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

/** Where the keys of an issuer are, by its discovery document. @throws {OidcDocumentError} */
export async function discoverKeysUrl(issuer: string, fetchJson: FetchJson): Promise<string> {
  const url = `${withoutSlash(issuer)}/.well-known/openid-configuration`;
  const read = discoverySchema.safeParse(await fetchJson(url));
  if (!read.success) throw new OidcDocumentError(`${url} is no discovery document`);
  if (withoutSlash(read.data.issuer) !== withoutSlash(issuer)) {
    throw new OidcDocumentError(`${url} is of another issuer: ${JSON.stringify(read.data.issuer)}`);
  }
  const { jwks_uri: keysUrl } = read.data;
  const objection = objectionToUrl(keysUrl);
  if (objection !== undefined) throw new OidcDocumentError(`${url}: jwks_uri ${objection}`);
  return keysUrl;
}

/** Only public keys for signatures are left over. @throws {OidcDocumentError} */
export async function readKeys(url: string, fetchJson: FetchJson): Promise<JSONWebKeySet> {
  const read = keysSchema.safeParse(await fetchJson(url));
  if (!read.success) throw new OidcDocumentError(`${url} is no set of keys`);
  const keys = read.data.keys.filter(({ kty, use }) => kty !== "oct" && (use === undefined || use === "sig"));
  if (keys.length === 0) throw new OidcDocumentError(`${url} has no public key for signatures`);
  return { keys };
}

/** Whoever reads or changes what is on the way could sign as the issuer. Undefined where that cannot be. */
export function objectionToUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null) return "is no URL";
  if (url.username !== "" || url.password !== "") return "has a user name in it";
  if (url.protocol === "https:") return undefined;
  const isLoopback = url.hostname === "localhost" || url.hostname === "[::1]" ||
    /^127(\.\d{1,3}){3}$/.test(url.hostname);
  return url.protocol === "http:" && isLoopback ? undefined : "must be https (http is for loopback alone)";
}

/** Some issuers have one, and some settings lose it. */
export function withoutSlash(url: string): string {
  return url.endsWith("/") ? url.slice(0, -1) : url;
}
