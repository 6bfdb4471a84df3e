/** What `sslmode` and its companions mean, as lib/pq takes them. */
import { invalidAddress } from "./errors.ts";

/** How TLS is spoken. */
export interface TlsPlan {
  /** The server's certificate: not looked at, from a known authority, or from one and for this host. */
  readonly verify: "nothing" | "authority" | "host";
  /** PEM. @default what the system trusts */
  readonly ca?: string;
  /** PEM, with `key`: the client's certificate. */
  readonly cert?: string;
  readonly key?: string;
}

const OWN_URL = "give the operator a URL of its own (databaseURLSecretRef)";

/** Undefined: no TLS. @throws {DatabaseError} `invalidAddress` */
export function tlsPlan(settings: ReadonlyMap<string, string>, ca: string | undefined): TlsPlan | undefined {
  const mode = settings.get("sslmode") ?? "";
  switch (mode) {
    case "disable":
      return undefined;
    case "":
    case "require": {
      const authority = ca ?? authorityFile(settings);
      // As every PostgreSQL client: with authorities at hand they count, though only encryption was asked for.
      return authority === undefined
        ? { verify: "nothing", ...clientCertificate(settings) }
        : { verify: "authority", ca: authority, ...clientCertificate(settings) };
    }
    case "verify-ca":
    case "verify-full": {
      const authority = ca ?? inline(settings, "sslrootcert") ?? authorityFile(settings);
      return {
        verify: mode === "verify-ca" ? "authority" : "host",
        ...(authority === undefined ? {} : { ca: authority }),
        ...clientCertificate(settings),
      };
    }
    default:
      throw invalidAddress(
        "its sslmode is none of disable, require (the default), verify-ca and verify-full; Coder takes no other",
      );
  }
}

/** A file of Coder's pod cannot be read here. Returns undefined where none is named. */
function authorityFile(settings: ReadonlyMap<string, string>): undefined {
  if (isInline(settings) || !settings.get("sslrootcert")) return undefined;
  throw invalidAddress(
    `its sslrootcert is a file in Coder's pod; give the operator the certificates (databaseCASecretRef), or ${OWN_URL}`,
  );
}

function clientCertificate(settings: ReadonlyMap<string, string>): { cert?: string; key?: string } {
  const [cert, key] = [inline(settings, "sslcert"), inline(settings, "sslkey")];
  if (cert !== undefined && key !== undefined) return { cert, key };
  if (!settings.get("sslcert") && !settings.get("sslkey")) return {};
  throw invalidAddress(
    isInline(settings)
      ? "it has one of sslcert and sslkey without the other"
      : `its sslcert and sslkey are files in Coder's pod; ${OWN_URL}, with sslinline=true and PEM in it or a password`,
  );
}

function inline(settings: ReadonlyMap<string, string>, key: string): string | undefined {
  return isInline(settings) ? settings.get(key) || undefined : undefined;
}

function isInline(settings: ReadonlyMap<string, string>): boolean {
  return settings.get("sslinline") === "true";
}
