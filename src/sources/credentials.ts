/** What Secrets of sources say. Keys are those that Flux has for the same. */
import { SourceError } from "./errors.ts";
import { basic } from "./http.ts";
import type { SecretData } from "./types.ts";

export interface HttpCredentials {
  /** Value of the header `authorization`. */
  readonly authorization?: string | undefined;
  readonly ca?: string | undefined;
}

export interface SshCredentials {
  /** Private key, PEM or OpenSSH's own. */
  readonly identity?: string | undefined;
  /** Of the private key, or of the user where there is no key. */
  readonly password?: string | undefined;
  readonly knownHosts: string;
}

export interface RegistryCredentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly ca?: string | undefined;
}

export function httpCredentials(secret: SecretData | undefined): HttpCredentials {
  const ca = textOf(secret, "ca.crt") ?? textOf(secret, "caFile");
  const token = textOf(secret, "bearerToken");
  if (token !== undefined) return { ca, authorization: `Bearer ${line(token, "bearerToken")}` };
  const pair = namedPair(secret);
  return { ca, ...(pair === undefined ? {} : { authorization: basic(pair.username, pair.password) }) };
}

export function sshCredentials(secret: SecretData | undefined): SshCredentials {
  const knownHosts = textOf(secret, "known_hosts");
  if (knownHosts === undefined || knownHosts.trim() === "") {
    throw new SourceError(
      "InvalidSource",
      "SSH needs a Secret (secretRef) whose key known_hosts has the server's host keys, as ssh-keyscan prints them",
    );
  }
  const identity = textOf(secret, "identity");
  const password = textOf(secret, "password");
  if (identity === undefined && password === undefined) {
    throw new SourceError("InvalidSource", "the Secret has no identity, which is the private key for SSH");
  }
  return { identity, password, knownHosts };
}

/** `host` as in the address. */
export function registryCredentials(secret: SecretData | undefined, host: string): RegistryCredentials {
  const ca = textOf(secret, "ca.crt") ?? textOf(secret, "caFile");
  const pair = namedPair(secret);
  if (pair !== undefined) return { ca, ...pair };
  const docker = textOf(secret, ".dockerconfigjson");
  return { ca, ...(docker === undefined ? {} : ofDocker(docker, host)) };
}

/** Names of registries there may have a scheme and a path, as older programs have written them. */
function ofDocker(text: string, host: string): { username?: string; password?: string } {
  const broken = () => new SourceError("InvalidSource", "the Secret's .dockerconfigjson cannot be read");
  let auths: Record<string, unknown>;
  try {
    auths = (JSON.parse(text) as { auths?: Record<string, unknown> } | null)?.auths ?? {};
  } catch {
    throw broken();
  }
  const names = host === "registry-1.docker.io" ? [host, "docker.io", "index.docker.io"] : [host];
  for (const [key, value] of Object.entries(auths)) {
    const name = key.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
    if (!names.includes(name) || typeof value !== "object" || value === null) continue;
    const { username, password, auth } = value as Record<string, unknown>;
    if (typeof username === "string" && typeof password === "string") return { username, password };
    if (typeof auth !== "string") continue;
    let decoded: string;
    try {
      decoded = new TextDecoder().decode(Uint8Array.fromBase64(auth.trim()));
    } catch {
      throw broken();
    }
    const colon = decoded.indexOf(":");
    if (colon > 0) return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
  }
  return {};
}

function namedPair(secret: SecretData | undefined): { username: string; password: string } | undefined {
  const username = textOf(secret, "username");
  const password = textOf(secret, "password");
  if (username === undefined && password === undefined) return undefined;
  if (username === undefined || password === undefined) {
    throw new SourceError(
      "InvalidSource",
      "the Secret must have both username and password, or none of them",
    );
  }
  return { username: line(username, "username"), password: line(password, "password") };
}

function textOf(secret: SecretData | undefined, key: string): string | undefined {
  const bytes = secret?.get(key);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

/** Files that Secrets are made of often end with a line break. */
function line(text: string, key: string): string {
  const plain = text.replace(/\r?\n$/, "");
  // deno-lint-ignore no-control-regex -- no header may have them
  if (!/[\x00-\x1f\x7f]/.test(plain)) return plain;
  throw new SourceError("InvalidSource", `${key} of the Secret has characters that cannot be sent`);
}
