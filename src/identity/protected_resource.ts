/** What OAuth 2.1 clients are told: RFC 9728 metadata, and the challenge of a refusal (RFC 6750). */
import type { Refusal } from "./refusal.ts";

/** A resource that tokens of an issuer open. */
export interface ProtectedResource {
  /** Where clients find the document, absolute. */
  readonly metadataUrl: string;
  /** Paths at which it must be answered, in all the forms that clients ask for; without authentication. */
  readonly paths: readonly string[];
  /** As it is sent: `application/json`. */
  readonly document: Readonly<Record<string, unknown>>;
}

export interface ProtectedResourceOptions {
  /** The full URL of the endpoint, path included: clients refuse a document that names another. */
  readonly url: string;
  readonly issuer: string;
  readonly scopes?: readonly string[] | undefined;
  /** For people. */
  readonly name?: string | undefined;
  /** Where the endpoint is here, which a proxy may change. @default {the path of the URL} */
  readonly path?: string | undefined;
}

const WELL_KNOWN = "/.well-known/oauth-protected-resource";

/** Makes it. */
export function protectedResource(options: ProtectedResourceOptions): ProtectedResource {
  const { url, issuer, scopes = [], name } = options;
  const { origin, pathname } = new URL(url);
  const suffix = pathname === "/" ? "" : pathname;
  const { path = suffix } = options;
  return {
    metadataUrl: `${origin}${WELL_KNOWN}${suffix}`,
    paths: [...new Set([`${WELL_KNOWN}${suffix}`, `${WELL_KNOWN}${path}`, WELL_KNOWN])],
    document: {
      resource: url,
      authorization_servers: [issuer],
      bearer_methods_supported: ["header"],
      ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
      ...(name === undefined ? {} : { resource_name: name }),
    },
  };
}

/** The value of `WWW-Authenticate` beside a refusal with 401 or 403; undefined beside others. */
export function challengeOf(
  { code, message, oauth }: Pick<Refusal, "code" | "message" | "oauth">,
  resource?: Pick<ProtectedResource, "metadataUrl">,
): string | undefined {
  if (code !== 401 && oauth === undefined) return undefined;
  const parameters: [string, string | undefined][] = [
    ["realm", "coder-k8s"],
    ["error", oauth?.error],
    ["error_description", oauth === undefined ? undefined : message],
    ["scope", oauth?.scope],
    ["resource_metadata", resource?.metadataUrl],
  ];
  const texts = parameters.flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [`${name}="${quotable(value)}"`]
  );
  return `Bearer ${texts.join(", ")}`;
}

/** What RFC 6750 lets a description have. */
function quotable(text: string): string {
  return text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "'");
}
