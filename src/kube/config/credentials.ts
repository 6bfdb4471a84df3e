/** What a kubeconfig user presents: certificates, a token, a token file, an exec plugin, a login. */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import type https from "node:https";
import type { Cluster, User } from "@kubernetes/client-node/dist/config_types.js";
import { FileAuth } from "@kubernetes/client-node/dist/file_auth.js";
import { isRecord } from "../rest/api_errors.ts";
import { type ClusterConnection, type Credentials, KubeConfigError, type TlsMaterial } from "./connection.ts";
import { createExecPlugin } from "./exec_plugin.ts";

/** What the credentials are made from. `raw` is the entry as written, for what `client-node` does not read. */
export interface CredentialSource {
  cluster: Cluster & { raw: Record<string, unknown> };
  user: User & { raw: Record<string, unknown> };
  /** The file, for messages. */
  source: string;
}

/** Files are read again after so long, as client-go does: certificates and tokens rotate in place. */
const FILE_MAX_AGE_MS = 60_000;

/** Adds to the headers and TLS options of a request. The shape that `client-node`'s authenticators fill. */
type Authenticate = (
  options: { headers: Record<string, string>; cert?: string; key?: string },
  signal?: AbortSignal,
) => Promise<void>;

/** The `credentials` and `refresh` of a connection. */
export function createCredentials(
  from: CredentialSource,
): Pick<ClusterConnection, "credentials" | "refresh" | "execCommand"> {
  const { cluster, user, source } = from;
  const where = `user "${user.name}" of ${source}`;
  const fixedHeaders = { ...loginHeader(user), ...impersonation(user.raw) };
  const exec = isRecord(user.exec) ? createExecPlugin(user, cluster, where) : undefined;
  const files = createTlsFiles(cluster, user, where);
  let authenticate = authenticatorOf(from, where, exec);
  let tls: TlsMaterial = {};

  return {
    ...(exec === undefined ? {} : { execCommand: exec.command }),
    async credentials(signal) {
      const options: Parameters<Authenticate>[0] = { headers: {} };
      await authenticate?.(options, signal);
      const { cert, key } = options;
      tls = same(tls, { ...files(), ...(cert ? { cert } : {}), ...(key ? { key } : {}) });
      const { Authorization: authorization } = options.headers;
      // Token files usually end with a newline, which no header may carry.
      const bearer = authorization === undefined ? {} : { authorization: authorization.trim() };
      return { headers: { ...fixedHeaders, ...bearer }, tls } satisfies Credentials;
    },
    refresh() {
      exec?.forget();
      if (typeof user.raw["tokenFile"] === "string") authenticate = authenticatorOf(from, where, exec);
      return exec !== undefined || typeof user.raw["tokenFile"] === "string";
    },
  };
}

function authenticatorOf(
  { user }: CredentialSource,
  where: string,
  exec: { authenticate: Authenticate } | undefined,
): Authenticate | undefined {
  const tokenFile = user.raw["tokenFile"];
  if (typeof tokenFile === "string") return fileAuthenticator(tokenFile, user.name, where);
  if (user.token) {
    const { token } = user;
    return (options) => {
      options.headers["Authorization"] = `Bearer ${token}`;
      return Promise.resolve();
    };
  }
  if (exec !== undefined) return exec.authenticate;
  if (isRecord(user.authProvider)) return legacyAuthenticator(user, where);
  return undefined;
}

function fileAuthenticator(tokenFile: string, name: string, where: string): Authenticate {
  const auth = new FileAuth();
  const user = { name, authProvider: { name: "tokenFile", config: { tokenFile } } };
  let last: string | undefined;
  return async (options) => {
    try {
      await auth.applyAuthentication(user, options as https.RequestOptions);
      last = options.headers["Authorization"];
    } catch (cause) {
      // While a volume is being swapped the file is missing for a moment; the token that we have is still good.
      if (last === undefined) {
        throw new KubeConfigError(`Cannot read the token file ${tokenFile} of ${where}: ${words(cause)}`, {
          cause,
        });
      }
      options.headers["Authorization"] = last;
    }
  };
}

/**
 * `auth-provider: oidc` with an id-token that still holds. Renewing it would need the whole of `client-node` (25 MB of
 * memory in every process); the other providers are gone from Kubernetes itself since 1.26.
 */
function legacyAuthenticator(user: User, where: string): Authenticate {
  const provider: Record<string, unknown> = isRecord(user.authProvider) ? user.authProvider : {};
  const config: Record<string, unknown> = isRecord(provider["config"]) ? provider["config"] : {};
  return (options) => {
    const token = config["id-token"];
    const advice = 'Use an exec plugin ("kubectl oidc-login"), or log in again and restart.';
    if (provider["name"] !== "oidc" || typeof token !== "string") {
      const name = String(provider["name"]);
      const said = `The auth-provider "${name}" of ${where} is not supported. ${advice}`;
      return Promise.reject(new KubeConfigError(said));
    }
    if (expiryOf(token) * 1000 <= Date.now()) {
      return Promise.reject(new KubeConfigError(`The id-token of ${where} has expired. ${advice}`));
    }
    options.headers["Authorization"] = `Bearer ${token}`;
    return Promise.resolve();
  };
}

/** `exp` of a JWT, in seconds; 0 where it has none. */
function expiryOf(token: string): number {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    return isRecord(payload) && typeof payload["exp"] === "number" ? payload["exp"] : 0;
  } catch {
    return 0;
  }
}

/** Reads the certificate files, and reads them again when they are old. */
function createTlsFiles(cluster: Cluster, user: User, where: string): () => TlsMaterial {
  let material: TlsMaterial | undefined;
  let readAt = 0;
  return () => {
    const now = performance.now();
    if (material !== undefined && now - readAt < FILE_MAX_AGE_MS) return material;
    const ca = pem(cluster.caFile, cluster.caData, "certificate-authority", where);
    const cert = pem(user.certFile, user.certData, "client-certificate", where);
    const key = pem(user.keyFile, user.keyData, "client-key", where);
    if ((cert === undefined) !== (key === undefined)) {
      throw new KubeConfigError(
        `The ${where} has only one of client-certificate and client-key; it needs both.`,
      );
    }
    material = {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    };
    readAt = now;
    return material;
  };
}

function pem(
  file: string | undefined,
  data: string | undefined,
  what: string,
  where: string,
): string | undefined {
  if (data) return Buffer.from(data, "base64").toString("utf8");
  if (!file) return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new KubeConfigError(`Cannot read the ${what} file ${file} of ${where}: ${words(cause)}`, { cause });
  }
}

/** The old object where nothing differs, so that connections are kept. */
function same(before: TlsMaterial, after: TlsMaterial): TlsMaterial {
  return before.ca === after.ca && before.cert === after.cert && before.key === after.key ? before : after;
}

function loginHeader(user: User): Record<string, string> {
  if (!user.username) return {};
  return {
    authorization: `Basic ${Buffer.from(`${user.username}:${user.password ?? ""}`).toString("base64")}`,
  };
}

function impersonation(raw: Record<string, unknown>): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  if (typeof raw["as"] === "string") headers["impersonate-user"] = raw["as"];
  if (typeof raw["as-uid"] === "string") headers["impersonate-uid"] = raw["as-uid"];
  const groups = raw["as-groups"];
  if (Array.isArray(groups) && groups.length > 0) headers["impersonate-group"] = groups.map(String);
  const extra = raw["as-user-extra"];
  for (const [name, values] of Object.entries(isRecord(extra) ? extra : {})) {
    if (Array.isArray(values)) headers[`impersonate-extra-${encodeURIComponent(name)}`] = values.map(String);
  }
  return headers;
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
