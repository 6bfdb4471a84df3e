/** What the API server tells aggregated servers about authentication: whom to believe, and which headers to read. */
import { z } from "zod";
import { type CaBundle, parseCaBundle } from "./certificates.ts";

/** The front proxy: who may say who is calling, and in which headers. */
export interface RequestHeaderConfig {
  /** Only certificates of these authorities may speak for others. */
  readonly ca: CaBundle;
  /** Their common names; empty: any. */
  readonly allowedNames: readonly string[];
  /** Header names, lower case, in the order in which they are looked at. */
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  /** What comes after the prefix is the key. */
  readonly extraHeaderPrefixes: readonly string[];
}

/** Everything that is known at one time. Parts that the API server does not have are absent. */
export interface AuthenticationConfig {
  /** Authorities of client certificates of users. */
  readonly clientCa?: CaBundle;
  readonly requestHeader?: RequestHeaderConfig;
}

/** A configuration, and what of it could not be used, in words. */
export interface ReadConfig {
  readonly config: AuthenticationConfig;
  readonly problems: readonly string[];
}

/** A header name or a prefix of one, as HTTP has them, in lower case. */
const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "is no name of a header")
  .transform((name) => name.toLowerCase());

/** A list in JSON, as the API server writes it; absent or empty text is an empty list. */
function jsonList<T>(element: z.ZodType<T>) {
  return z.string().default("").transform((text, context): unknown => {
    if (text.trim() === "") return [];
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue("is not JSON");
      return z.NEVER;
    }
  }).pipe(z.array(element).nullable().transform((list) => list ?? []));
}

const caBundle = z.string().transform((pem, context): CaBundle => {
  try {
    return parseCaBundle(pem);
  } catch (error) {
    context.addIssue(error instanceof Error ? error.message : String(error));
    return z.NEVER;
  }
});

const clientCaSchema = z.object({ "client-ca-file": caBundle });

const requestHeaderSchema = z.object({
  "requestheader-client-ca-file": caBundle,
  "requestheader-allowed-names": jsonList(z.string()),
  "requestheader-username-headers": jsonList(headerName),
  "requestheader-uid-headers": jsonList(headerName),
  "requestheader-group-headers": jsonList(headerName),
  "requestheader-extra-headers-prefix": jsonList(headerName),
}).transform((data): RequestHeaderConfig => ({
  ca: data["requestheader-client-ca-file"],
  allowedNames: data["requestheader-allowed-names"],
  usernameHeaders: data["requestheader-username-headers"],
  uidHeaders: data["requestheader-uid-headers"],
  groupHeaders: data["requestheader-group-headers"],
  extraHeaderPrefixes: data["requestheader-extra-headers-prefix"],
}));

/**
 * Reads the `data` of the ConfigMap. Each of the two parts counts as a whole: one that is bad, or has gone, stays as it
 * was in `before`, as nobody shall be locked out (or let in) by half a configuration.
 */
export function readAuthenticationConfig(data: unknown, before: AuthenticationConfig = {}): ReadConfig {
  const keys = typeof data === "object" && data !== null ? data as Record<string, unknown> : {};
  const problems: string[] = [];
  const part = <T>(key: string, schema: z.ZodType<T>, previous: T | undefined): T | undefined => {
    if (keys[key] === undefined || keys[key] === "") {
      if (previous !== undefined) problems.push(`${key}: has gone; the last one stays in use`);
      return previous;
    }
    const read = schema.safeParse(keys);
    if (read.success) return read.data;
    const stays = previous === undefined ? "" : "; the last good one stays in use";
    for (const { path, message } of read.error.issues) {
      problems.push(`${path.join(".") || key}: ${message}${stays}`);
    }
    return previous;
  };
  const client = part("client-ca-file", clientCaSchema, wrapped(before.clientCa));
  const clientCa = client && reused(client["client-ca-file"], before.clientCa);
  const found = part("requestheader-client-ca-file", requestHeaderSchema, before.requestHeader);
  const requestHeader = found && { ...found, ca: reused(found.ca, before.requestHeader?.ca) };
  return {
    config: {
      ...(clientCa === undefined ? {} : { clientCa }),
      ...(requestHeader === undefined ? {} : { requestHeader }),
    },
    problems,
  };
}

function wrapped(clientCa: CaBundle | undefined) {
  return clientCa === undefined ? undefined : { "client-ca-file": clientCa };
}

/** The same object while the text is the same: what was verified against it stays verified. */
function reused(bundle: CaBundle, before: CaBundle | undefined): CaBundle {
  return before?.pem === bundle.pem ? before : bundle;
}

/** All authorities that the TLS layer must ask clients for, as PEM; each once. */
export function askedAuthorities({ clientCa, requestHeader }: AuthenticationConfig): string[] {
  return [...new Set([clientCa?.pem, requestHeader?.ca.pem].filter((pem) => pem !== undefined))];
}

/** Settings that are valid and dangerous, in words. */
export function warningsOf({ clientCa, requestHeader }: AuthenticationConfig): string[] {
  if (requestHeader === undefined) {
    return ["there is no front proxy: requests through the API server's aggregator cannot be authenticated"];
  }
  const warnings: string[] = [];
  const { allowedNames, ca, usernameHeaders } = requestHeader;
  const shared = ca.authorities.some(({ fingerprint }) =>
    clientCa?.authorities.some((other) => other.fingerprint === fingerprint)
  );
  if (shared && allowedNames.length === 0) {
    warnings.push(
      "the front proxy's authority also signs users' certificates, and any name is allowed: every user with a " +
        "certificate can act as anybody; give the API server --requestheader-allowed-names or an authority of its own",
    );
  }
  if (usernameHeaders.length === 0) {
    warnings.push("requestheader-username-headers is empty: nobody can be told");
  }
  return warnings;
}
